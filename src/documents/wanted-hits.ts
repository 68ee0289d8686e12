/** Selects and sorts the hits of a page in document order; the bytes of the page stay where they are. */
import { type HitTable } from './hit-table';
import { type OrderedHits } from './page';

/** Returns the hits that are wanted, ascending by `_seq_no`. Hits with equal numbers stay in document order. */
export function wantedHits(hits: HitTable, { from, to, numbers }: OrderedHits): HitTable {
  const { seqNo, sort } = hits;
  const rows: number[] = [];
  let ascends = true;
  for (let row = 0; row < hits.count; row++) {
    if (!(sort[row]! >= from && sort[row]! < to && seqNo[row]! >= numbers.from && seqNo[row]! < numbers.to)) continue;
    const last = rows.at(-1);
    if (last !== undefined && seqNo[last]! > seqNo[row]!) ascends = false;
    rows.push(row);
  }
  if (ascends && rows.length === hits.count) return hits;
  if (!ascends) rows.sort((a, b) => seqNo[a]! - seqNo[b]! || a - b);
  return pick(hits, rows);
}

function pick(hits: HitTable, rows: readonly number[]): HitTable {
  const u32 = (column: Uint32Array) => Uint32Array.from(rows, (row) => column[row]!);
  const i32 = (column: Int32Array) => Int32Array.from(rows, (row) => column[row]!);
  const f64 = (column: Float64Array) => Float64Array.from(rows, (row) => column[row]!);
  return {
    count: rows.length,
    idStart: u32(hits.idStart),
    idEnd: u32(hits.idEnd),
    routingStart: i32(hits.routingStart),
    routingEnd: i32(hits.routingEnd),
    versionStart: u32(hits.versionStart),
    versionEnd: u32(hits.versionEnd),
    seqNo: f64(hits.seqNo),
    sort: f64(hits.sort),
    sourceStart: i32(hits.sourceStart),
    sourceEnd: i32(hits.sourceEnd),
    sourceBreaks: Uint8Array.from(rows, (row) => hits.sourceBreaks[row]!),
  };
}
