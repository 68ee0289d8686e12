/**
 * Decides which segments of a base a new snapshot keeps and which it rewrites.
 *
 * A segment is rewritten for one of two reasons, and each bounds the cost of rewriting:
 *
 * - Fewer than half of its documents are live. At least as many documents were deleted since it was written as are
 *   written again, so over time this at most doubles what is written.
 * - It is one of many small neighbours. Small segments have tiers by their size, each 8 times the one below (32 KiB,
 *   256 KiB, 2 MiB, 16 MiB of `_bulk` body). Neighbours of a tier or below are merged if there are at least 8 of them
 *   *and* together they reach the next tier. So a document is merged at most once per tier, 4 times in all. Below the
 *   lowest tier only the number counts: such a merge rewrites at most 256 KiB. However often a shard is snapshotted, it
 *   has at most some dozens of small segments.
 */
import { type Segment } from '../format/format';
import { bytesOf } from '../objects/list-objects';

/** Largest segments of tiers 0, 1, 2 and 3, bytes of `_bulk` body. */
const TIERS = [32 * 1024, 256 * 1024, 2 * 1024 * 1024, 16 * 1024 * 1024];
/** Fewest neighbours that are merged. */
const MERGE_AT = 8;
/** Stored bytes from which a segment is not small, even if few of its documents are live: half of a full object. */
const SMALL_STORED_BYTES = 4 * 1024 * 1024;

/** Segments `[first, last]` of the base that are rewritten. */
interface Rewrite {
  readonly first: number;
  readonly last: number;
}

/**
 * Plans which segments are rewritten.
 *
 * @param segments the sealed segments of a base, ascending.
 * @param counts live documents per segment now, if they were counted. Else those of the base are used: a segment that
 *   shrank is then rewritten one snapshot later.
 * @returns what to rewrite, ascending, never overlapping; everything else is kept.
 */
export function planRewrites(
  segments: readonly Segment[],
  counts: readonly number[] = segments.map(({ live }) => live),
): Rewrite[] {
  const rewritten = segments.map(({ stored }, i) => counts[i]! > 0 && counts[i]! * 2 < stored);
  const sizes = segments.map((segment, i) => liveBytes(segment, counts[i]));
  const tiers = segments.map((segment, i) => tierOf(segment, sizes[i]!));
  for (const [tier, limit] of TIERS.entries()) {
    for (const { first, last } of runsWhere(tiers, (one) => one <= tier)) {
      const bytes = sizes.slice(first, last + 1).reduce((sum, size) => sum + size, 0);
      const grows = tier === 0 || bytes > limit;
      if (last - first + 1 >= MERGE_AT && grows) rewritten.fill(true, first, last + 1);
    }
  }
  return runsWhere(rewritten, (one) => one);
}

/** Estimates the bytes of `_bulk` body of the live documents. */
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

/** Returns the longest runs of items that `holds` accepts. */
function runsWhere<T>(items: readonly T[], holds: (item: T) => boolean): Rewrite[] {
  const runs: { first: number; last: number }[] = [];
  for (const [i, item] of items.entries()) {
    if (!holds(item)) continue;
    const run = runs.at(-1);
    if (run?.last === i - 1) run.last = i;
    else runs.push({ first: i, last: i });
  }
  return runs;
}
