import { randomBytes } from 'node:crypto';
import { Crc64 } from '../src/crc64';

/** The definition, bit by bit. */
function slow(bytes: Buffer): string {
  let crc = 0xffffffffffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xc96c5795d7870f42n : crc >> 1n;
  }
  return (crc ^ 0xffffffffffffffffn).toString();
}

test('the check value of CRC-64/XZ comes out', () => {
  expect(new Crc64().update(Buffer.from('123456789')).digest()).toBe(0x995dc9bbdf1939fan.toString());
  expect(new Crc64().digest()).toBe('0');
});

test('any bytes, cut anywhere and at any offset, give what the definition gives', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = randomBytes(length + 3).subarray(3);
    expect(new Crc64().update(bytes).digest()).toBe(slow(bytes));
    for (let cut = 0; cut <= length; cut += 5) {
      const crc = new Crc64().update(bytes.subarray(0, cut)).update(bytes.subarray(cut));
      expect(crc.digest()).toBe(slow(bytes));
    }
  }
});
