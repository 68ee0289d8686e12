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
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Segment } from '../format/format';
import { bytesOf } from '../objects/list-objects';
import { type Stretch, stretchesOf } from './shard-ranges';

/** Largest segments of tiers 0, 1, 2 and 3, bytes of `_bulk` body. */
const TIERS = [32 * 1024, 256 * 1024, 2 * 1024 * 1024, 16 * 1024 * 1024];
/** Fewest neighbours that are merged. */
const MERGE_AT = 8;
/** Stored bytes from which a segment is not small, even if few of its documents are live: half of a full object. */
const SMALL_STORED_BYTES = 4 * 1024 * 1024;

/**
 * Plans which segments are rewritten. Segments that overlap are rewritten together, as one stretch.
 *
 * @param segments the sealed segments of a base.
 * @param counts live documents per stretch now ({@link stretchesOf}), if they were counted. Else those of the base are
 *   used: what shrank is then rewritten one snapshot later.
 * @returns the ranges of what is rewritten, ascending, never overlapping; everything else is kept.
 */
export function planRewrites(segments: readonly Segment[], counts?: readonly number[]): SeqNoRange[] {
  const stretches = stretchesOf(segments);
  const live = (stretch: Stretch, i: number): number => counts?.[i] ?? sumOf(stretch, (segment) => segment.live);
  const rewritten = stretches.map((stretch, i) => {
    const count = live(stretch, i);
    return count > 0 && count * 2 < sumOf(stretch, ({ stored }) => stored);
  });
  const sizes = stretches.map((stretch, i) => {
    const before = sumOf(stretch, (segment) => segment.live);
    return before === 0 ? 0 : Math.ceil((sumOf(stretch, liveBytes) * live(stretch, i)) / before);
  });
  const tiers = stretches.map((stretch, i) => tierOf(stretch, sizes[i]!));
  for (const [tier, limit] of TIERS.entries()) {
    for (const { first, last } of runsWhere(tiers, (one) => one <= tier)) {
      const bytes = sizes.slice(first, last + 1).reduce((sum, size) => sum + size, 0);
      const grows = tier === 0 || bytes > limit;
      if (last - first + 1 >= MERGE_AT && grows) rewritten.fill(true, first, last + 1);
    }
  }
  return runsWhere(rewritten, (one) => one).map(({ first, last }) => ({
    from: stretches[first]!.from,
    to: stretches[last]!.to,
  }));
}

function sumOf({ segments }: Stretch, value: (segment: Segment) => number): number {
  return segments.reduce((sum, segment) => sum + value(segment), 0);
}

/** Estimates the bytes of `_bulk` body of the live documents. */
export function liveBytes(segment: Segment): number {
  const raw = segment.frames.reduce((sum, frame) => sum + frame.rawLength, 0);
  return Math.ceil((raw * segment.live) / segment.stored);
}

function tierOf(stretch: Stretch, bytes: number): number {
  const stored = sumOf(stretch, ({ objects }) => bytesOf(objects));
  if (stored >= SMALL_STORED_BYTES) return TIERS.length;
  const tier = TIERS.findIndex((limit) => bytes <= limit);
  return tier < 0 ? TIERS.length : tier;
}

/** Neighbours from position `first` to position `last`, both included. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/** Returns the longest runs of items that `holds` accepts. */
function runsWhere<T>(items: readonly T[], holds: (item: T) => boolean): Run[] {
  const runs: { first: number; last: number }[] = [];
  for (const [i, item] of items.entries()) {
    if (!holds(item)) continue;
    const run = runs.at(-1);
    if (run?.last === i - 1) run.last = i;
    else runs.push({ first: i, last: i });
  }
  return runs;
}
