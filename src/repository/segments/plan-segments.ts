/**
 * Which segments of a base a new snapshot keeps and which it writes anew.
 *
 * A segment is rewritten for one of two reasons, and each bounds what rewriting costs:
 *
 * - Fewer than half of its documents are live. At least as many documents died since it was written as are written
 *   again, so over time this at most doubles what is written.
 * - It is one of many small neighbours. Small segments have tiers by their size, each 8 times the one below (32 KiB,
 *   256 KiB, 2 MiB, 16 MiB of `_bulk` body). Neighbours of a tier or below are merged when there are at least 8 of them *and*
 *   together they make the next tier. So a document is merged at most once per tier, 4 times in its life, besides what lies below
 *   the lowest tier, where only the number counts: at most 256 KiB a merge. A shard has no more than
 *   some dozens of small segments, however often it is snapshotted.
 */
import { type Segment } from '../format/format';
import { bytesOf } from '../objects/list-objects';

/** Bytes of `_bulk` body up to which a segment of tier 0, 1, 2, 3 goes. */
const TIERS = [32 * 1024, 256 * 1024, 2 * 1024 * 1024, 16 * 1024 * 1024];
/** Neighbours that are worth a merge. */
const MERGE_AT = 8;
/** Stored bytes from which a segment is not small, however little it holds: half of what a full object has. */
const SMALL_STORED_BYTES = 4 * 1024 * 1024;

/** Segments `[first, last]` of the base, to be written anew. */
export interface Rewrite {
  readonly first: number;
  readonly last: number;
}

/**
 * @param segments the sealed segments of a base, ascending.
 * @param counts live documents per segment now, if they were counted; else those the base knows, which is good enough:
 *   a segment that shrinks is then rewritten one snapshot later.
 * @returns what to rewrite, ascending, never overlapping; everything else is kept.
 */
export function planRewrites(
  segments: readonly Segment[],
  counts: readonly number[] = segments.map(({ live }) => live),
): Rewrite[] {
  const rewritten = segments.map((segment, i) => counts[i] > 0 && counts[i] * 2 < segment.stored);
  const sizes = segments.map((segment, i) => liveBytes(segment, counts[i]));
  const tiers = segments.map((segment, i) => tierOf(segment, sizes[i]));
  // A merge of a higher tier takes everything below along, so the highest that is due is the one that counts.
  for (let tier = TIERS.length - 1; tier >= 0; tier--) {
    for (const { first, last } of runsWhere(segments.length, (i) => tiers[i] <= tier)) {
      const bytes = sizes.slice(first, last + 1).reduce((sum, size) => sum + size, 0);
      const grows = tier === 0 || bytes > TIERS[tier];
      if (last - first + 1 >= MERGE_AT && grows) rewritten.fill(true, first, last + 1);
    }
  }
  return runsWhere(segments.length, (i) => rewritten[i]);
}

/** Bytes of `_bulk` body of the live documents, about. */
export function liveBytes(segment: Segment, live = segment.live): number {
  const raw = segment.frames.reduce((sum, frame) => sum + frame.rawLength, 0);
  return segment.stored === 0 ? 0 : Math.ceil((raw * live) / segment.stored);
}

function tierOf(segment: Segment, bytes: number): number {
  const stored = bytesOf(segment.objects);
  if (stored >= SMALL_STORED_BYTES) return TIERS.length;
  const tier = TIERS.findIndex((limit) => bytes <= limit);
  return tier < 0 ? TIERS.length : tier;
}

function runsWhere(length: number, holds: (i: number) => boolean): Rewrite[] {
  const runs: Rewrite[] = [];
  for (let i = 0; i < length; i++) {
    if (!holds(i)) continue;
    const first = i;
    while (i + 1 < length && holds(i + 1)) i++;
    runs.push({ first, last: i });
  }
  return runs;
}
