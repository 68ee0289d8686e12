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
 * How the hits of one response are laid out, learned from its first, to scan the others several times faster: the head
 * is compared with what is expected, and the end of `_source` is searched for instead of walked to. What stands behind
 * `_source` in a response sorted on `_seq_no` is `,"sort":[<the hit's _seq_no>]}`.
 *
 * Documents may hold such text too (think of logged search responses). It is taken for the end only
 * - if it is the first `,"sort":[` behind the start of the document, the number is the hit's own, and the hit ends there,
 * - if a hit of the same layout or the end of the list follows, and the numbers of the hits ascend strictly.
 *
 * That is safe for any valid, whole response without comments. Text outside of strings can't be taken for text inside,
 * since all that is compared begins and ends at quotes. Were an imitation taken for the end of document `d`, the scan would
 * go on inside `d` and come to the true end of `d`, which no head can span: it is a `sort` at the level of `d` itself. As
 * the end of an imitated hit it carries a number that was there already, and as anything else it leaves brackets over at
 * the end of the response; so the scan fails, and everything is scanned anew.
 */
export class HitPattern {
  /** `{"_index":"…","_id":` of every hit. */
  private readonly head: Buffer;

  /** Learns from the first hit, `[start, end)`, row 0 of the table. Throws if it is not laid out as expected. */
  constructor(b: Buffer, start: number, end: number, table: HitTableBuilder) {
    this.head = b.subarray(start, table.idStart[0]);
    const source = table.sourceStart[0]!;
    if (source < 0 || this.sourceEnd(b, source, table.seqNo[0]!) !== table.sourceEnd[0] || this.hitEnd !== end) {
      throw new RawJsonError('Not sorted by "_seq_no"', start);
    }
  }

  private hitEnd = -1;

  /** Adds the hit at `start` to the table and returns its end. Throws unless everything is as expected. */
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
    if (!(seqNo > table.seqNo[row - 1]! && seqNo <= Number.MAX_SAFE_INTEGER)) throw unexpected(i);
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
    const end = this.sourceEnd(b, i, seqNo);
    table.sourceStart[row] = i;
    table.sourceEnd[row] = end;
    table.sourceBreaks[row] = breaks.within(i, end) ? 1 : 0;
    return this.hitEnd;
  }

  /** End of the document at `start`; the end of the hit is left in `hitEnd`. */
  private sourceEnd(b: Buffer, start: number, seqNo: number): number {
    const sort = b.indexOf(SORT, start);
    const open = isByteOrderMark(b, start) ? start + 3 : start;
    if (sort < 0 || b[open] !== OPEN_OBJECT || b[sort - 1] !== CLOSE_OBJECT) throw unexpected(start);
    let i = sort + SORT.length;
    let value = 0;
    for (; b[i]! >= 0x30 && b[i]! <= 0x39; i++) value = value * 10 + (b[i]! - 0x30);
    // In a point in time Elasticsearch adds a second sort value.
    if (b[i] === COMMA) i = digitsEnd(b, i + 1);
    if (value !== seqNo || b[i] !== CLOSE_ARRAY || b[i + 1] !== CLOSE_OBJECT) throw unexpected(sort);
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
  return new RawJsonError('A hit laid out otherwise', at);
}
