import { HitPattern } from './hit-pattern';
import { type HitTable, HitTableBuilder, LineBreaks } from './hit-table';
import {
  decodeString,
  findValue,
  isByteOrderMark,
  RawJsonError,
  skipBlank,
  skipString,
  skipValue,
  textOf,
} from './scan-json';

export { type HitTable } from './hit-table';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const LETTER_T = 0x74;

const HITS = Buffer.from('"hits"');
const ID = Buffer.from('"_id"');
const ROUTING = Buffer.from('"_routing"');
const VERSION = Buffer.from('"_version"');
const SEQ_NO = Buffer.from('"_seq_no"');
const SOURCE = Buffer.from('"_source"');
const SORT = Buffer.from('"sort"');
const RESPONSES = Buffer.from('"responses"');
const SHARDS = Buffer.from('"_shards"');
const TIMED_OUT = Buffer.from('"timed_out"');
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
  return withGuess(body, ONE_BY_SEQ_NO, true).table.finish();
}

/** The hits of a page in document order. */
interface OrderedTable {
  readonly hits: HitTable;
  /** Hits of each response. */
  readonly counts: readonly number[];
}

/**
 * Slices a page in document order, as {@link scanHits} does: one search response, or the responses of a multi-search in
 * one table. Throws {@link RawJsonError} when a response does not say that its shard answered completely and in time.
 *
 * @param asked as in `OrderedHits`.
 */
export function scanOrderedHits(body: Buffer, asked: readonly number[], multi: boolean): OrderedTable {
  const { table, counts } = withGuess(body, { multi, asked }, !asked.includes(0));
  return { hits: table.finish(), counts };
}

/** The expected parts of a body. */
interface Expected {
  readonly multi: boolean;
  /** Hits per response, by which a guess is checked; unset if the hits ascend by `_seq_no`. */
  readonly asked?: readonly number[];
}

const ONE_BY_SEQ_NO: Expected = { multi: false };

function withGuess(body: Buffer, expected: Expected, guess: boolean): Scan {
  if (guess && !mayHoldComments(body)) {
    try {
      const guessed = new Scan(body, expected, true).run();
      if (sameCounts(guessed.counts, expected.asked)) return guessed;
    } catch (error) {
      if (!(error instanceof RawJsonError)) throw error;
    }
  }
  const scan = new Scan(body, expected, false);
  try {
    return scan.run();
  } catch (error) {
    throw error instanceof RawJsonError ? new RawJsonError(error.what, error.offset, lastId(body, scan.table)) : error;
  }
}

function sameCounts(found: readonly number[], asked: readonly number[] | undefined): boolean {
  return asked === undefined || (found.length === asked.length && found.every((count, k) => count === asked[k]));
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

/** One walk through a body. */
class Scan {
  readonly table = new HitTableBuilder();
  /** Hits of each response. */
  readonly counts: number[] = [];
  private readonly breaks: LineBreaks;
  private pattern: HitPattern | undefined;

  constructor(
    private readonly b: Buffer,
    private readonly expected: Expected,
    /** Whether to search for the ends of documents instead of walking to them. */
    private readonly guess: boolean,
  ) {
    this.breaks = new LineBreaks(b);
  }

  run(): this {
    const { b } = this;
    const end = this.expected.multi ? this.multi() : this.response(0);
    if (skipBlank(b, end) !== b.length) throw new RawJsonError('more after the response', end);
    return this;
  }

  private multi(): number {
    const { b } = this;
    let list = -1;
    const end = eachMember(b, 0, (keyStart, keyEnd, value) => {
      if (!isKey(b, keyStart, keyEnd, RESPONSES)) return skipValue(b, value);
      if (list >= 0) throw new RawJsonError('a second "responses"', keyStart);
      list = value;
      return eachItem(b, value, (item) => this.response(item));
    });
    if (list < 0) throw new RawJsonError('no "responses"', 0);
    return end;
  }

  private response(start: number): number {
    const { b, table } = this;
    const before = table.count;
    let hits = -1;
    let whole = false;
    const end = eachMember(b, start, (keyStart, keyEnd, value) => {
      if (this.expected.asked) {
        if (isKey(b, keyStart, keyEnd, SHARDS)) whole = isOneWholeShard(b, value);
        if (isKey(b, keyStart, keyEnd, TIMED_OUT) && b[value] === LETTER_T) throw new RawJsonError('timed out', value);
      }
      if (!isKey(b, keyStart, keyEnd, HITS)) return skipValue(b, value);
      if (hits >= 0) throw new RawJsonError('a second "hits"', keyStart);
      hits = value;
      return this.hits(value);
    });
    if (hits < 0) throw new RawJsonError('no "hits"', start);
    if (this.expected.asked && !whole) throw new RawJsonError('a response without its whole shard', start);
    this.counts.push(table.count - before);
    return end;
  }

  private hits(start: number): number {
    const { b } = this;
    let list = -1;
    const end = eachMember(b, start, (keyStart, keyEnd, value) => {
      if (!isKey(b, keyStart, keyEnd, HITS)) return skipValue(b, value);
      if (list >= 0) throw new RawJsonError('a second "hits.hits"', keyStart);
      list = value;
      return eachItem(b, value, (item) => this.hit(item));
    });
    // A filtered response omits an empty list. Documents are read from unfiltered responses, which never omit the list.
    if (list < 0) throw new RawJsonError('no "hits.hits"', start);
    return end;
  }

  private hit(start: number): number {
    if (this.pattern) return this.pattern.scan(this.b, start, this.table, this.breaks);
    const end = scanHit(this.b, start, this.table, this.breaks);
    if (this.guess) {
      this.pattern = new HitPattern(this.b, start, end, this.table, this.expected.asked !== undefined);
    }
    return end;
  }
}

/** Returns whether the `_shards` at `start` tell of exactly one shard, which did not fail. */
function isOneWholeShard(b: Buffer, start: number): boolean {
  const numbers = ['total', 'successful', 'failed'].map((name) => {
    const value = findValue(b, [name], start);
    return value === undefined ? '' : textOf(b, value);
  });
  return numbers.join() === '1,1,0';
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
      } else if (isKey(b, keyStart, keyEnd, SORT)) {
        table.sort[row] = readFirst(b, value);
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

/** Returns the first item of a list if it is a non-negative integer, else -1. */
function readFirst(b: Buffer, list: number): number {
  if (b[list] !== OPEN_ARRAY) return -1;
  const start = skipBlank(b, list + 1);
  let value = 0;
  let i = start;
  for (; b[i]! >= 0x30 && b[i]! <= 0x39; i++) value = value * 10 + (b[i]! - 0x30);
  return i > start && Number.isSafeInteger(value) ? value : -1;
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

/** Visits the items of a list by position; `visit` returns the end of the item. Returns the end of the list. */
function eachItem(b: Buffer, start: number, visit: (item: number) => number): number {
  if (b[start] !== OPEN_ARRAY) throw new RawJsonError('a list expected', start);
  let i = skipBlank(b, start + 1);
  if (b[i] === CLOSE_ARRAY) return i + 1;
  for (;;) {
    i = skipBlank(b, visit(i));
    if (b[i] === CLOSE_ARRAY) return i + 1;
    if (b[i] !== COMMA) throw new RawJsonError('a comma expected', i);
    i = skipBlank(b, i + 1);
  }
}
