/**
 * Computes digests of single documents. By them, a later snapshot detects that the history of a shard was rewritten
 * (FORMAT.md, "Marks").
 */
import { createHash, type Hash } from 'node:crypto';
import { type HitTable } from './scan-hits';
import { toSingleLine } from './single-line';

/**
 * Number of marked documents per frame and per segment. They are the last, because a rewritten history differs at its
 * end.
 */
export const MARKS = 8;
/** Most bytes of documents that are hashed per frame. The last document is always hashed. */
const MOST_HASHED_BYTES = 256 * 1024;
/** Characters of each half of a mark, which are 48 bits. */
const HALF = 8;

/** Returns the marks of the last hits of a page, the last hit first. */
export function lastMarks(page: Buffer, hits: HitTable): string[] {
  const marks: string[] = [];
  let bytes = 0;
  for (let i = hits.count - 1; i >= 0 && marks.length < MARKS; i--) {
    bytes += hits.sourceEnd[i]! - hits.sourceStart[i]!;
    if (marks.length > 0 && bytes > MOST_HASHED_BYTES) break;
    marks.push(markOf(page, hits, i));
  }
  return marks;
}

/** Returns the mark of hit `i`: a half for `_id`, `_routing` and `_version`, and a half for `_source` as stored. */
export function markOf(page: Buffer, hits: HitTable, i: number): string {
  const envelope = createHash('sha256')
    .update(page.subarray(hits.idStart[i], hits.idEnd[i]))
    .update('\n')
    .update(page.subarray(Math.max(0, hits.routingStart[i]!), Math.max(0, hits.routingEnd[i]!)))
    .update('\n')
    .update(page.subarray(hits.versionStart[i], hits.versionEnd[i]));
  const source = page.subarray(hits.sourceStart[i], hits.sourceEnd[i]);
  const stored = createHash('sha256').update(hits.sourceBreaks[i] === 0 ? source : toSingleLine(source));
  return half(envelope) + half(stored);
}

/**
 * Returns whether two marks are of the same document. If `sourceRebuilt`, the bytes of `_source` can differ for the
 * same document and are not compared.
 */
export function sameMark(a: string, b: string, sourceRebuilt: boolean): boolean {
  return sourceRebuilt ? a.slice(0, HALF) === b.slice(0, HALF) : a === b;
}

function half(hash: Hash): string {
  return hash.digest('base64url').slice(0, HALF);
}
