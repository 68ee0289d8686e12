import { endUnknown, ResponseTooLargeError } from './cluster-http';

/** The head of a response, as far as it is needed. */
interface ResponseHead {
  readonly status: number;
  /** Announced bytes of the body; undefined if the body comes in chunks. */
  readonly length: number | undefined;
  /** Ms for which the server keeps the unused connection; 0 if it closes the connection. */
  readonly keepAliveMs: number;
}

/** The state within a chunked body: what the next byte belongs to. */
type ChunkState = 'size' | 'extension' | 'data' | 'data end' | 'trailer' | 'trailer line' | 'end';

const HEAD_END = Buffer.from('\r\n\r\n');
/** Longest head of a response, bytes. */
export const HEAD_MAX_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** First memory of a body of unknown length: a whole page. Memory that is not written to costs nothing. */
const FIRST_BYTES = 4 * 1024 * 1024;
/** Least memory that is offered for chunks. Reads that are much smaller cost more than their bytes. */
const LEAST_READ_BYTES = 128 * 1024;
/** Largest chunk size that is plausible: 8 hexadecimal digits. */
const SIZE_DIGITS = 8;

/** Reports bytes that are no HTTP/1.1 response. */
class ResponseSyntaxError extends Error {
  readonly code = 'EBADRESPONSE';
}

/**
 * Reads one HTTP/1.1 response. The connection reads into {@link ResponseReader.memory} and reports how many bytes came,
 * so that a body is received where it stays: nothing is copied, and no memory is left to the garbage collector.
 */
export class ResponseReader {
  head: ResponseHead | undefined;
  /** Whether bytes follow the response. Nothing was asked for, so that the connection is not usable again. */
  hasMore = false;
  private body: Buffer = Buffer.allocUnsafeSlow(0);
  /** Bytes of the head, or of the body without the marks of chunks, that have come. */
  private filled = 0;
  private chunk: ChunkState = 'size';
  /** The size of the current chunk, or what is left of it. */
  private left = 0;
  private digits = 0;

  /**
   * @param what `METHOD /path`.
   * @param memoryOfHead {@link HEAD_MAX_BYTES} of the connection, which the first bytes of a response come into.
   * @param allocate returns the memory for a body of known length.
   */
  constructor(
    private readonly what: string,
    private readonly method: string,
    private readonly maxBytes: number,
    private readonly memoryOfHead: Buffer,
    private readonly allocate: (bytes: number) => Buffer = (bytes) => Buffer.allocUnsafeSlow(bytes),
  ) {}

  /** The memory for the next bytes: at least one byte until the response is complete. */
  get memory(): Buffer {
    if (this.head === undefined) return this.memoryOfHead.subarray(this.filled);
    if (this.head.length === undefined && this.body.length - this.filled < LEAST_READ_BYTES) this.grow();
    return this.body.subarray(this.filled);
  }

  /**
   * Takes the `bytes` that came into {@link ResponseReader.memory}. Returns whether the response is complete. Throws
   * {@link ResponseTooLargeError}, {@link ResponseSyntaxError}, and `cluster_unavailable` if the end of the body would
   * not be known.
   */
  take(bytes: number): boolean {
    if (this.head === undefined) return this.takeHead(bytes);
    if (this.head.length === undefined) return this.takeChunks(this.filled + bytes);
    this.filled += bytes;
    return this.filled === this.head.length;
  }

  /** Returns the body, which fills at least half of the memory that it owns. */
  takeBody(): Buffer {
    if (this.filled === this.body.length) return this.body;
    const body = this.body.subarray(0, this.filled);
    if (this.filled * 2 >= this.body.length) return body;
    const copy = Buffer.allocUnsafeSlow(this.filled);
    body.copy(copy);
    return copy;
  }

  private takeHead(bytes: number): boolean {
    const from = Math.max(0, this.filled - HEAD_END.length + 1);
    this.filled += bytes;
    const came = this.memoryOfHead.subarray(0, this.filled);
    const end = came.indexOf(HEAD_END, from);
    if (end < 0) {
      if (this.filled === this.memoryOfHead.length)
        throw new ResponseSyntaxError('the head of the response is too long');
      return false;
    }
    const text = came.toString('latin1', 0, end);
    const rest = Buffer.from(came.subarray(end + HEAD_END.length));
    this.filled = 0;
    if (/^HTTP\/1\.[01] 1(?!01)/.test(text)) {
      rest.copy(this.memoryOfHead);
      return rest.length > 0 && this.takeHead(rest.length);
    }
    this.head = this.readHead(text);
    return this.beginBody(rest);
  }

  private beginBody(rest: Buffer): boolean {
    const { length } = this.head!;
    if (length === undefined) {
      this.grow();
      rest.copy(this.body);
      return this.takeChunks(rest.length);
    }
    if (length > this.maxBytes) throw new ResponseTooLargeError(this.what, this.maxBytes);
    this.body = this.allocate(length);
    this.filled = rest.copy(this.body);
    this.hasMore = rest.length > length;
    return this.filled === length;
  }

  private readHead(text: string): ResponseHead {
    const [first, ...lines] = text.split('\r\n');
    const line = /^HTTP\/1\.([01]) ([2-5]\d\d)(?: |$)/.exec(first!);
    if (line === null) throw new ResponseSyntaxError('the response does not begin with a status line of HTTP/1.1');
    const status = Number(line[2]);
    const fields = fieldsOf(lines);
    const connection = fields.get('connection')?.toLowerCase();
    const stays = line[1] === '1' ? connection !== 'close' : connection === 'keep-alive';
    const seconds = /\btimeout=(\d+)/.exec(fields.get('keep-alive') ?? '')?.[1];
    const keepAliveMs = stays ? (seconds === undefined ? Infinity : Number(seconds) * 1000) : 0;
    return { status, length: this.lengthOf(status, fields), keepAliveMs };
  }

  /** RFC 9112 §6.3. A body that ends with the connection is refused, because a cut one would look complete. */
  private lengthOf(status: number, fields: ReadonlyMap<string, string>): number | undefined {
    if (this.method === 'HEAD' || status === 204 || status === 304) return 0;
    const coding = fields.get('transfer-encoding');
    const length = fields.get('content-length');
    if (coding === undefined && length === undefined) throw endUnknown(this.what);
    if (coding === undefined) {
      if (!/^\d{1,15}$/.test(length!)) throw new ResponseSyntaxError(`[${length}] is no Content-Length`);
      return Number(length);
    }
    // With both, one of the two parties between which it was sent might believe the other one.
    if (length !== undefined || coding.toLowerCase() !== 'chunked') {
      throw new ResponseSyntaxError(`the body has the unknown Transfer-Encoding [${coding}], or a length besides`);
    }
    return undefined;
  }

  /** Removes the marks of chunks from the bytes up to `end` of the memory, in place. */
  private takeChunks(end: number): boolean {
    const { body } = this;
    let at = this.filled;
    while (at < end) {
      if (this.chunk === 'data') {
        const bytes = Math.min(this.left, end - at);
        if (at !== this.filled) body.copyWithin(this.filled, at, at + bytes);
        this.filled += bytes;
        this.left -= bytes;
        at += bytes;
        if (this.left === 0) this.chunk = 'data end';
      } else if (this.chunk === 'end') {
        this.hasMore = true;
        break;
      } else this.takeMark(body[at++]!);
    }
    return this.chunk === 'end';
  }

  private takeMark(byte: number): void {
    if (this.chunk === 'size') {
      const digit = hexDigit(byte);
      if (digit >= 0 && this.digits < SIZE_DIGITS) {
        this.left = this.left * 16 + digit;
        this.digits++;
        return;
      }
      if (this.digits === 0 || digit >= 0 || !/[\r\n; \t]/.test(String.fromCharCode(byte))) throw badChunk();
      this.chunk = 'extension';
    }
    if (this.chunk === 'data end') {
      if (byte !== CARRIAGE_RETURN && byte !== LINE_FEED) throw badChunk();
      if (byte === LINE_FEED) this.chunk = 'size';
    } else if (this.chunk === 'extension') {
      if (byte === LINE_FEED) this.beginChunk();
    } else if (this.chunk === 'trailer') {
      if (byte === LINE_FEED) this.chunk = 'end';
      else if (byte !== CARRIAGE_RETURN) this.chunk = 'trailer line';
    } else if (byte === LINE_FEED) this.chunk = 'trailer';
  }

  private beginChunk(): void {
    this.digits = 0;
    this.chunk = this.left === 0 ? 'trailer' : 'data';
    if (this.filled + this.left > this.maxBytes) throw new ResponseTooLargeError(this.what, this.maxBytes);
  }

  private grow(): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.body.length * 2));
    this.body.copy(larger, 0, 0, this.filled);
    this.body = larger;
  }
}

function fieldsOf(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new ResponseSyntaxError('a header of the response has no name');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const former = fields.get(name);
    if (former !== undefined && former !== value && /^(content-length|transfer-encoding)$/.test(name)) {
      throw new ResponseSyntaxError(`the response has two values of [${name}]`);
    }
    fields.set(name, value);
  }
  return fields;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function badChunk(): ResponseSyntaxError {
  return new ResponseSyntaxError('the chunks of the response are damaged');
}
