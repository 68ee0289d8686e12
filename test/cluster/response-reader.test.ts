import fc from 'fast-check';
import { ResponseTooLargeError } from '../../src/cluster/http/cluster-http';
import { HEAD_MAX_BYTES, ResponseReader } from '../../src/cluster/http/response-reader';

/** Reads a response that comes in parts of the given sizes; the last size is repeated. */
function read(response: Buffer, sizes: readonly number[] = [Infinity], maxBytes = 1_000_000, method = 'POST') {
  const reader = new ResponseReader('POST /_search', method, maxBytes, Buffer.alloc(HEAD_MAX_BYTES));
  let isComplete = false;
  let at = 0;
  for (let k = 0; at < response.length && !isComplete; k++) {
    const bytes = Math.min(sizes[Math.min(k, sizes.length - 1)]!, response.length - at, reader.memory.length);
    response.copy(reader.memory, 0, at, at + bytes);
    at += bytes;
    isComplete = reader.take(bytes);
  }
  return { reader, isComplete, body: isComplete ? reader.takeBody().toString('latin1') : undefined };
}

const announced = (body: string): Buffer =>
  Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, 'latin1');

function chunked(parts: readonly string[], trailer = ''): Buffer {
  const chunks = parts.filter((part) => part !== '').map((part) => `${part.length.toString(16)};x=1\r\n${part}\r\n`);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n${chunks.join('')}0\r\n${trailer}\r\n`,
    'latin1',
  );
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
const text = fc.string({ maxLength: 200 }).map((value) => Buffer.from(value).toString('latin1'));

describe('a response', () => {
  it('is the same however its bytes are divided', () => {
    fc.assert(
      fc.property(text, sizes, (body, divided) => {
        expect(read(announced(body), divided).body).toBe(body);
      }),
    );
    fc.assert(
      fc.property(fc.array(text), sizes, fc.constantFrom('', 'x-late: 1\r\n'), (parts, divided, trailer) => {
        expect(read(chunked(parts, trailer), divided).body).toBe(parts.join(''));
      }),
    );
  });

  it('is never complete while a byte of it is missing', () => {
    for (const whole of [announced('a document'), chunked(['a ', 'document'])]) {
      expect(read(whole).isComplete).toBe(true);
      for (let end = 0; end < whole.length; end++) expect(read(whole.subarray(0, end)).isComplete).toBe(false);
    }
  });

  it('grows with its chunks, and owns memory of which it fills at least half', () => {
    const parts = Array.from({ length: 90 }, (_, k) => String.fromCharCode(97 + (k % 26)).repeat(100_000));
    expect(read(chunked(parts), [70_000], 10_000_000).body).toBe(parts.join(''));
    const small = read(chunked(['few'])).reader.takeBody();
    expect([small.toString(), small.buffer.byteLength]).toEqual(['few', 3]);
  });

  it('follows any number of informational ones', () => {
    const early = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n';
    expect(read(Buffer.concat([Buffer.from(early), announced('late')]), [3]).body).toBe('late');
  });

  it('has no body if the status or the method says so', () => {
    expect(read(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')).body).toBe('');
    expect(read(announced('').subarray(0), [1], 10, 'HEAD').body).toBe('');
  });

  it('says how long its connection can be used, and whether something follows', () => {
    const head = (fields: string, version = '1.1') =>
      read(Buffer.from(`HTTP/${version} 200 OK\r\n${fields}Content-Length: 1\r\n\r\nx`)).reader.head?.keepAliveMs;
    expect(head('')).toBe(Infinity);
    expect(head('Keep-Alive: timeout=5, max=9\r\n')).toBe(5_000);
    expect(head('Connection: close\r\n')).toBe(0);
    expect(head('', '1.0')).toBe(0);
    expect(read(Buffer.concat([announced('x'), Buffer.from('y')])).reader.hasMore).toBe(true);
    expect(read(Buffer.concat([chunked(['x']), Buffer.from('y')])).reader.hasMore).toBe(true);
  });

  it('is refused when it is too large, without waiting for its end', () => {
    expect(() => read(announced('x'.repeat(11)), [1], 10)).toThrow(ResponseTooLargeError);
    expect(() => read(chunked(['12345', '678901']), [1], 10)).toThrow(ResponseTooLargeError);
    expect(read(chunked(['12345', '67890']), [1], 10).body).toBe('1234567890');
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n\r\n'],
    ['a protocol that was switched', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['a length and chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a coding that was not asked for', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n'],
    ['a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n'],
    ['a chunk longer than announced', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n'],
    ['a size beyond all memory', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(HEAD_MAX_BYTES)}`],
  ])('is refused for %s', (_, response) => {
    expect(() => read(Buffer.from(response))).toThrow(expect.objectContaining({ code: 'EBADRESPONSE' }) as Error);
  });

  it('is refused when nobody told its end', () => {
    expect(() => read(Buffer.from('HTTP/1.1 200 OK\r\n\r\nabc'))).toThrow('without [Content-Length]');
  });
});
