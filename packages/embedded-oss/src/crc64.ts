import { CRC64_MODULE, DATA_AT, DATA_BYTES } from './crc64-module';

/** CRC-64/XZ (ECMA-182, reflected), the checksum in `x-oss-hash-crc64ecma`. */
const POLYNOMIAL = 0xc96c5795d7870f42n;
const ALL_ONES = 0xffffffffffffffffn;
/** Bytes folded in at a time ("slicing by eight"). */
const SLICES = 8;

// The few types of WebAssembly that are used: the compiler is not told about a browser's globals.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      update(crc: bigint, at: number, end: number): bigint;
    };
  };
};

const { memory, update } = new WebAssembly.Instance(new WebAssembly.Module(CRC64_MODULE)).exports;
const DATA = new Uint8Array(memory.buffer, DATA_AT, DATA_BYTES);
/** `TABLE[slice * 256 + byte]` is what `byte` becomes after `slice` more zero bytes. */
const TABLE = new BigUint64Array(memory.buffer, 0, SLICES * 256);

for (let byte = 0; byte < 256; byte++) {
  let crc = BigInt(byte);
  for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ POLYNOMIAL : crc >> 1n;
  TABLE[byte] = crc;
}
for (let at = 256; at < TABLE.length; at++) {
  const before = TABLE[at - 256]!;
  TABLE[at] = (before >> 8n) ^ TABLE[Number(before & 255n)]!;
}

/** Computes a checksum over bytes as they come. */
export class Crc64 {
  private crc = ALL_ONES;

  update(bytes: Uint8Array): this {
    const whole = bytes.length - (bytes.length % SLICES);
    for (let at = 0; at < whole; at += DATA_BYTES) {
      const slice = bytes.subarray(at, Math.min(whole, at + DATA_BYTES));
      DATA.set(slice);
      this.crc = BigInt.asUintN(64, update(this.crc, DATA_AT, DATA_AT + slice.length));
    }
    for (const byte of bytes.subarray(whole)) {
      this.crc = (this.crc >> 8n) ^ TABLE[Number((this.crc ^ BigInt(byte)) & 255n)]!;
    }
    return this;
  }

  /** The checksum of all bytes so far as OSS prints it: an unsigned decimal number. */
  digest(): string {
    return (this.crc ^ ALL_ONES).toString();
  }
}
