import { HitPattern } from './hit-pattern';
import { type HitTable, HitTableBuilder, LineBreaks } from './hit-table';
import { decodeString, isByteOrderMark, RawJsonError, skipBlank, skipString, skipValue } from './scan-json';

export { type HitTable } from './hit-table';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

const HITS = Buffer.from('"hits"');
const ID = Buffer.from('"_id"');
const ROUTING = Buffer.from('"_routing"');
const VERSION = Buffer.from('"_version"');
const SEQ_NO = Buffer.from('"_seq_no"');
const SOURCE = Buffer.from('"_source"');
const BLOCK_COMMENT = Buffer.from('/*');

/**
 * Slices a search response: `hits.hits[]._id`, `_routing`, `_version`, `_seq_no` and `_source`. Throws
 * {@link RawJsonError} when the bytes are not exactly one response. Throws it too when a hit lacks `_id`, `_version` or
 * `_seq_no`, or has one of them twice. Needs only the bytes, so that it can run in worker threads.
 *
 * The response must be whole, which `ClusterHttp` guarantees. A response that is cut inside of a document would pass if
 * that document imitates the end of the response.
 *
 * If the hits have one layout, not every byte of a document is scanned (see {@link HitPattern}). Otherwise the response
 * is scanned again, byte by byte. The result is the same.
 */
export function scanHits(body: Buffer): HitTable {
  if (!mayHoldComments(body)) {
    try {
      return scan(body, true);
    } catch (error) {
      if (!(error instanceof RawJsonError)) throw error;
    }
  }
  const table = new HitTableBuilder();
  try {
    return scan(body, false, table);
  } catch (error) {
    throw error instanceof RawJsonError ? new RawJsonError(error.what, error.offset, lastId(body, table)) : error;
  }
}

/** Returns the escaped `_id` of the hit whose `_source` could not be scanned. In a hit, `_id` precedes `_source`. */
function lastId(body: Buffer, table: HitTableBuilder): string | undefined {
  const row = table.count - 1;
  if (row < 0 || table.idEnd[row] === 0 || table.sourceEnd[row] !== -1) return undefined;
  return body.toString('utf8', table.idStart[row]! + 1, table.idEnd[row]! - 1);
}

/** Returns whether there can be comments. {@link HitPattern} needs a response that consists of JSON tokens only. */
function mayHoldComments(body: Buffer): boolean {
  return body.indexOf(BLOCK_COMMENT) >= 0 || body.indexOf(0x0a) >= 0;
}

function scan(body: Buffer, guess: boolean, table = new HitTableBuilder()): HitTable {
  const breaks = new LineBreaks(body);
  let hits = -1;
  const end = eachMember(body, 0, (keyStart, keyEnd, value) => {
    if (!isKey(body, keyStart, keyEnd, HITS)) return skipValue(body, value);
    if (hits >= 0) throw new RawJsonError('a second "hits"', keyStart);
    hits = value;
    let list = -1;
    const after = eachMember(body, value, (innerStart, innerEnd, inner) => {
      if (!isKey(body, innerStart, innerEnd, HITS)) return skipValue(body, inner);
      if (list >= 0) throw new RawJsonError('a second "hits.hits"', innerStart);
      list = inner;
      return scanList(body, inner, table, breaks, guess);
    });
    // A filtered response omits an empty list. Documents are read from unfiltered responses, which never omit the list.
    if (list < 0) throw new RawJsonError('no "hits.hits"', value);
    return after;
  });
  if (skipBlank(body, end) !== body.length) throw new RawJsonError('more after the response', end);
  if (hits < 0) throw new RawJsonError('no "hits"', 0);
  return table.finish();
}

function scanList(b: Buffer, start: number, table: HitTableBuilder, breaks: LineBreaks, guess: boolean): number {
  if (b[start] !== OPEN_ARRAY) throw new RawJsonError('"hits.hits" is not a list', start);
  let i = skipBlank(b, start + 1);
  if (b[i] === CLOSE_ARRAY) return i + 1;
  let pattern: HitPattern | undefined;
  for (;;) {
    const first = i;
    i = pattern ? pattern.scan(b, i, table, breaks) : scanHit(b, i, table, breaks);
    if (guess && !pattern) pattern = new HitPattern(b, first, i, table);
    i = skipBlank(b, i);
    if (b[i] === CLOSE_ARRAY) return i + 1;
    if (b[i] !== COMMA) throw new RawJsonError('a comma expected', i);
    i = skipBlank(b, i + 1);
  }
}

function scanHit(b: Buffer, start: number, table: HitTableBuilder, breaks: LineBreaks): number {
  const row = table.add();
  let i = start;
  if (b[i] !== OPEN_OBJECT) throw new RawJsonError('a hit is not an object', i);
  i = skipBlank(b, i + 1);
  if (b[i] !== CLOSE_OBJECT) {
    for (;;) {
      if (b[i] !== QUOTE) throw new RawJsonError('a key expected', i);
      const keyStart = i;
      const keyEnd = skipString(b, i);
      i = skipBlank(b, keyEnd);
      if (b[i] !== COLON) throw new RawJsonError('a colon expected', i);
      const value = skipBlank(b, i + 1);
      const end = skipValue(b, value);
      if (isKey(b, keyStart, keyEnd, SOURCE)) {
        once(table.sourceStart[row] === -1, keyStart);
        if (b[value] !== OPEN_OBJECT) throw new RawJsonError('"_source" is not an object', value);
        table.sourceStart[row] = isByteOrderMark(b, i + 1) ? i + 1 : value;
        table.sourceEnd[row] = end;
        table.sourceBreaks[row] = breaks.within(table.sourceStart[row], end) ? 1 : 0;
      } else if (isKey(b, keyStart, keyEnd, ID)) {
        once(table.idEnd[row] === 0, keyStart);
        if (b[value] !== QUOTE) throw new RawJsonError('"_id" is not a string', value);
        table.idStart[row] = value;
        table.idEnd[row] = end;
      } else if (isKey(b, keyStart, keyEnd, ROUTING)) {
        once(table.routingStart[row] === -1, keyStart);
        if (b[value] !== QUOTE) throw new RawJsonError('"_routing" is not a string', value);
        table.routingStart[row] = value;
        table.routingEnd[row] = end;
      } else if (isKey(b, keyStart, keyEnd, VERSION)) {
        once(table.versionEnd[row] === 0, keyStart);
        requireDigits(b, value, end);
        table.versionStart[row] = value;
        table.versionEnd[row] = end;
      } else if (isKey(b, keyStart, keyEnd, SEQ_NO)) {
        once(table.seqNo[row] === -1, keyStart);
        table.seqNo[row] = readSeqNo(b, value, end);
      }
      i = skipBlank(b, end);
      if (b[i] === CLOSE_OBJECT) break;
      if (b[i] !== COMMA) throw new RawJsonError('a comma expected', i);
      i = skipBlank(b, i + 1);
    }
  }
  if (table.idEnd[row] === 0) throw new RawJsonError('a hit without "_id"', start);
  if (table.versionEnd[row] === 0) throw new RawJsonError('a hit without "_version"', start);
  if (table.seqNo[row] === -1) throw new RawJsonError('a hit without "_seq_no"', start);
  return i + 1;
}

function once(first: boolean, at: number): void {
  if (!first) throw new RawJsonError('a hit has a member twice', at);
}

function requireDigits(b: Buffer, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    if (b[i]! < 0x30 || b[i]! > 0x39) throw new RawJsonError('not a positive integer', start);
  }
}

function readSeqNo(b: Buffer, start: number, end: number): number {
  requireDigits(b, start, end);
  let value = 0;
  for (let i = start; i < end; i++) value = value * 10 + (b[i]! - 0x30);
  if (!Number.isSafeInteger(value)) throw new RawJsonError('a sequence number beyond 2^53', start);
  return value;
}

/** Returns whether the key `[start, end)`, with its quotes, is `name`. A cluster could escape letters of a key. */
function isKey(b: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start === name.length) {
    for (let k = 1; k < name.length; k++) if (b[start + k] !== name[k]) return false;
    return true;
  }
  if (end - start < name.length) return false;
  for (let i = start + 1; i < end; i++) {
    if (b[i] === BACKSLASH) return JSON.stringify(decodeString(b, start, end)) === name.toString();
  }
  return false;
}

/** Visits the members of an object by position; `visit` returns the end of the value. Returns the end of the object. */
function eachMember(
  b: Buffer,
  start: number,
  visit: (keyStart: number, keyEnd: number, value: number) => number,
): number {
  let i = skipBlank(b, start);
  if (b[i] !== OPEN_OBJECT) throw new RawJsonError('an object expected', i);
  i = skipBlank(b, i + 1);
  if (b[i] === CLOSE_OBJECT) return i + 1;
  for (;;) {
    if (b[i] !== QUOTE) throw new RawJsonError('a key expected', i);
    const keyEnd = skipString(b, i);
    const colon = skipBlank(b, keyEnd);
    if (b[colon] !== COLON) throw new RawJsonError('a colon expected', colon);
    i = skipBlank(b, visit(i, keyEnd, skipBlank(b, colon + 1)));
    if (b[i] === CLOSE_OBJECT) return i + 1;
    if (b[i] !== COMMA) throw new RawJsonError('a comma expected', i);
    i = skipBlank(b, i + 1);
  }
}
