import { type HitTableBuilder, type LineBreaks } from './hit-table';
import { isByteOrderMark, RawJsonError, skipString, skipValue } from './scan-json';

const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const CLOSE_ARRAY = 0x5d;

const VERSION = Buffer.from(',"_version":');
const SEQ_NO = Buffer.from(',"_seq_no":');
const PRIMARY_TERM = Buffer.from(',"_primary_term":');
const SCORE = Buffer.from(',"_score":null');
const ROUTING = Buffer.from(',"_routing":');
const IGNORED = Buffer.from(',"_ignored":');
const SOURCE = Buffer.from(',"_source":');
const SORT = Buffer.from(',"sort":[');

/**
 * The layout of the hits of one response, learned from the first hit. It makes scanning the others several times
 * faster: their heads are compared with the expected bytes, and the end of `_source` is searched instead of walked to.
 * `,"sort":[<number>]}` follows `_source`. In a response sorted by `_seq_no`, the number is the hit's `_seq_no`; in
 * document order, it is the document number.
 *
 * Documents can hold such text too, for example logged search responses. In a response sorted by `_seq_no`, the text
 * counts as the end of a document only
 * - if it is the first `,"sort":[` after the start of the document, its number is the hit's own, and the hit ends
 *   there,
 * - if a hit of the same layout or the end of the list follows, and the numbers of the hits ascend strictly.
 *
 * This is safe for every valid, whole response without comments. Text outside of strings cannot be confused with text
 * inside, because everything that is compared begins and ends at quotes.
 *
 * Suppose that an imitation is taken for the end of document `d`. Then the scan continues inside `d` and comes to the
 * true end of `d`. No head can span that end, because it is a `sort` at the level of `d` itself. As the end of an
 * imitated hit, it carries a number that occurred already. As anything else, it leaves brackets over at the end of the
 * response. In both cases the scan fails, and the response is scanned again byte by byte.
 *
 * In document order nothing ties a hit to its sort value, so that the hits are counted instead. Every true end is
 * found, because the first `,"sort":[` after the start is taken, and no head can span it. An imitation that is taken
 * adds a hit. The caller must therefore know how many hits there are, and scan byte by byte if the pattern finds
 * another number.
 */
export class HitPattern {
  /** The bytes `{"_index":"…","_id":` that every hit begins with. */
  private readonly head: Buffer;

  /**
   * Learns from the first hit, `[start, end)`, which is row 0 of the table. Throws {@link RawJsonError} when the layout
   * is not the expected one.
   *
   * @param counted the caller knows the number of hits and compares it: they are in document order.
   */
  constructor(
    b: Buffer,
    start: number,
    end: number,
    table: HitTableBuilder,
    private readonly counted: boolean,
  ) {
    this.head = b.subarray(start, table.idStart[0]);
    const source = table.sourceStart[0]!;
    if (source < 0 || this.sourceEnd(b, source, table, 0) !== table.sourceEnd[0] || this.hitEnd !== end) {
      throw new RawJsonError('not sorted as expected', start);
    }
  }

  private hitEnd = -1;

  /** Adds the hit at `start` to the table and returns its end. Throws {@link RawJsonError} when its layout differs. */
  scan(b: Buffer, start: number, table: HitTableBuilder, breaks: LineBreaks): number {
    const row = table.add();
    let i = expect(b, start, this.head);
    table.idStart[row] = i;
    i = stringEnd(b, i);
    table.idEnd[row] = i;
    i = expect(b, i, VERSION);
    table.versionStart[row] = i;
    i = digitsEnd(b, i);
    table.versionEnd[row] = i;
    i = expect(b, i, SEQ_NO);
    let seqNo = 0;
    for (; b[i]! >= 0x30 && b[i]! <= 0x39; i++) seqNo = seqNo * 10 + (b[i]! - 0x30);
    const ascends = this.counted || seqNo > table.seqNo[row - 1]!;
    if (!ascends || seqNo > Number.MAX_SAFE_INTEGER) throw unexpected(i);
    table.seqNo[row] = seqNo;
    i = expect(b, digitsEnd(b, expect(b, i, PRIMARY_TERM)), SCORE);
    for (let routed = false; b[i + 3] !== SOURCE[3];) {
      if (b[i + 3] === IGNORED[3]) {
        i = skipValue(b, expect(b, i, IGNORED));
        continue;
      }
      if (routed) throw unexpected(i);
      routed = true;
      i = expect(b, i, ROUTING);
      table.routingStart[row] = i;
      i = stringEnd(b, i);
      table.routingEnd[row] = i;
    }
    i = expect(b, i, SOURCE);
    const end = this.sourceEnd(b, i, table, row);
    table.sourceStart[row] = i;
    table.sourceEnd[row] = end;
    table.sourceBreaks[row] = breaks.within(i, end) ? 1 : 0;
    return this.hitEnd;
  }

  /** Returns the end of the document at `start`. Sets the sort value of the row, and `hitEnd` to the end of the hit. */
  private sourceEnd(b: Buffer, start: number, table: HitTableBuilder, row: number): number {
    const sort = b.indexOf(SORT, start);
    const open = isByteOrderMark(b, start) ? start + 3 : start;
    if (sort < 0 || b[open] !== OPEN_OBJECT || b[sort - 1] !== CLOSE_OBJECT) throw unexpected(start);
    let i = sort + SORT.length;
    let value = 0;
    for (; b[i]! >= 0x30 && b[i]! <= 0x39; i++) value = value * 10 + (b[i]! - 0x30);
    // In a point in time, Elasticsearch adds a second sort value.
    if (b[i] === COMMA) i = digitsEnd(b, i + 1);
    if (!this.counted && value !== table.seqNo[row]) throw unexpected(sort);
    if (b[i] !== CLOSE_ARRAY || b[i + 1] !== CLOSE_OBJECT) throw unexpected(sort);
    table.sort[row] = value;
    this.hitEnd = i + 2;
    return sort;
  }
}

function expect(b: Buffer, i: number, what: Buffer): number {
  const n = what.length;
  for (let k = 0; k < n; k++) if (b[i + k] !== what[k]) throw unexpected(i);
  return i + n;
}

function stringEnd(b: Buffer, i: number): number {
  if (b[i] !== 0x22) throw unexpected(i);
  return skipString(b, i);
}

function digitsEnd(b: Buffer, start: number): number {
  let i = start;
  while (b[i]! >= 0x30 && b[i]! <= 0x39) i++;
  if (i === start) throw unexpected(i);
  return i;
}

function unexpected(at: number): RawJsonError {
  return new RawJsonError('a hit of another layout', at);
}
