/** Writes and reads CBOR (RFC 8949), as far as JSON values need it. Pure. */
import { type Json, type JsonObject, RawJson } from './json-value';

const BREAK = 0xff;
/** Lists and objects within each other at most, as the engines' parsers allow. */
const MAX_DEPTH = 1_000;

/** Encodes `value` as the engines do: lists and objects without a length. Undefined members are left out. */
export function encodeCbor(value: Json): Buffer {
  const parts: Buffer[] = [];
  write(value, parts);
  return Buffer.concat(parts);
}

function write(value: Json, parts: Buffer[]): void {
  if (value instanceof RawJson) return write(JSON.parse(value.text) as Json, parts);
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    parts.push(head(3, bytes.length), bytes);
  } else if (typeof value === 'number') {
    parts.push(Number.isSafeInteger(value) ? integer(value) : double(value));
  } else if (typeof value === 'boolean') {
    parts.push(Buffer.of(value ? 0xf5 : 0xf4));
  } else if (value === null || value === undefined) {
    parts.push(Buffer.of(0xf6));
  } else {
    writeSeveral(value, parts);
  }
}

function writeSeveral(value: readonly Json[] | JsonObject, parts: Buffer[]): void {
  const isList = Array.isArray(value);
  parts.push(Buffer.of(isList ? 0x9f : 0xbf));
  for (const [name, member] of Object.entries(value as JsonObject)) {
    if (!isList && member === undefined) continue;
    if (!isList) write(name, parts);
    write(member, parts);
  }
  parts.push(Buffer.of(BREAK));
}

function integer(value: number): Buffer {
  return value < 0 ? head(1, -1 - value) : head(0, value);
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xfb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function head(major: number, value: number): Buffer {
  const first = major << 5;
  if (value < 24) return Buffer.of(first | value);
  const size = value < 2 ** 8 ? 1 : value < 2 ** 16 ? 2 : value < 2 ** 32 ? 4 : 8;
  const bytes = Buffer.alloc(1 + size, first | (24 + Math.log2(size)));
  if (size === 8) bytes.writeBigUInt64BE(BigInt(value), 1);
  else bytes.writeUIntBE(value, 1, size);
  return bytes;
}

/** Decodes one value. Throws when the bytes are not one value of CBOR, or hold what JSON has no word for. */
export function decodeCbor(bytes: Buffer): unknown {
  const reader = new CborReader(bytes);
  const value = reader.value(0);
  if (value === END || !reader.isAtEnd()) throw new Error('one CBOR value is expected');
  return value;
}

const END = Symbol('end of a list');

class CborReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Error(`CBOR is nested deeper than ${MAX_DEPTH}`);
    const first = this.take(1)[0]!;
    const major = first >> 5;
    const info = first & 31;
    switch (major) {
      case 0:
        return this.length(info);
      case 1:
        return -1 - this.length(info);
      case 3:
        return info === 31 ? this.chunks() : this.take(this.length(info)).toString('utf8');
      case 4:
        return this.list(info === 31 ? Infinity : this.length(info), depth);
      case 5:
        return this.object(info === 31 ? Infinity : this.length(info), depth);
      case 6:
        // A tag describes the value behind it, such as the one that marks a document as CBOR.
        this.length(info);
        return this.value(depth + 1);
      case 7:
        return this.simple(info);
      default:
        throw new Error('CBOR with byte strings is not supported');
    }
  }

  private simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 26:
        return this.take(4).readFloatBE();
      case 27:
        return this.take(8).readDoubleBE();
      case 31:
        return END;
      default:
        throw new Error(`CBOR has the unsupported simple value [${info}]`);
    }
  }

  private list(length: number, depth: number): unknown[] {
    const list: unknown[] = [];
    while (list.length < length) {
      const one = this.value(depth + 1);
      if (one === END) return this.ended(list, length);
      list.push(one);
    }
    return list;
  }

  private object(length: number, depth: number): unknown {
    const members: [string, unknown][] = [];
    while (members.length < length) {
      const name = this.value(depth + 1);
      if (name === END) return Object.fromEntries(this.ended(members, length));
      if (typeof name !== 'string') throw new Error('CBOR has an object with a name that is not text');
      const member = this.value(depth + 1);
      if (member === END) throw new Error('CBOR has a name without a value');
      members.push([name, member]);
    }
    return Object.fromEntries(members);
  }

  private ended<Part>(parts: Part[], length: number): Part[] {
    if (length === Infinity) return parts;
    throw new Error('CBOR ends a list before its end');
  }

  private chunks(): string {
    const chunks: Buffer[] = [];
    for (;;) {
      const first = this.take(1)[0]!;
      if (first === BREAK) return Buffer.concat(chunks).toString('utf8');
      if (first >> 5 !== 3 || (first & 31) === 31) throw new Error('CBOR has a text with parts that are not texts');
      chunks.push(this.take(this.length(first & 31)));
    }
  }

  private length(info: number): number {
    if (info < 24) return info;
    if (info > 27) throw new Error('CBOR has a length that is not allowed');
    const bytes = this.take(2 ** (info - 24));
    const value = bytes.length === 8 ? Number(bytes.readBigUInt64BE()) : bytes.readUIntBE(0, bytes.length);
    if (!Number.isSafeInteger(value)) throw new Error('CBOR has a number that is too large');
    return value;
  }

  private take(length: number): Buffer {
    if (length > this.bytes.length - this.at) throw new Error('CBOR ends in the middle of a value');
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
