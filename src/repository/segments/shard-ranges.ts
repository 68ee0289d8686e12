/** Divides the sequence numbers of a shard into known ranges and ranges that have to be read. Pure. */
import { type KnownRange } from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { MAX_SEQ_NO, type SeqNoRange } from '../../contracts/seq-no';
import { type Segment, type ShardManifest } from '../format/format';

/** A range whose possible live documents are known: those of a segment, or none. */
export interface Known extends KnownRange {
  /** Unset for a range without documents. */
  readonly segment?: Segment;
}

/** All sequence numbers of a shard, from 0 on. */
interface ShardRanges {
  /** Ascending. */
  readonly known: readonly Known[];
  /** Ascending; with `known` they cover everything from 0 on. The last is the unsealed tail. */
  readonly read: readonly (SeqNoRange & { readonly sealed: boolean })[];
}

/**
 * Divides the sequence numbers of a shard. Throws `internal` if copied segments overlap.
 *
 * @param base what an earlier snapshot recorded, if it may be used.
 * @param copied sealed segments written since, not overlapping each other; they replace those of the base.
 * @param reread ranges of the base that are not kept.
 * @param globalCheckpoint the present one of the shard.
 */
export function shardRanges(
  base: ShardManifest | undefined,
  copied: readonly Segment[],
  reread: readonly SeqNoRange[],
  globalCheckpoint: number,
): ShardRanges {
  const known: Known[] = copied.map(knownSegment);
  const taken: SeqNoRange[] = [...copied, ...reread];
  for (const segment of base?.segments ?? []) {
    if (segment.sealed && !taken.some((range) => overlaps(range, segment))) known.push(knownSegment(segment));
  }
  const ascending = known.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from);
  for (const [i, { from }] of ascending.entries()) {
    if (from < (ascending[i - 1]?.to ?? 0)) {
      throw new SnapkeepError('internal', `segments overlap at sequence number [${from}]`);
    }
  }
  // The checkpoint that a copy reports may lag behind an earlier one; what was sealed stays sealed.
  const baseEnd = (base?.sealedThrough ?? -1) + 1;
  const sealedEnd = Math.max(globalCheckpoint + 1, baseEnd, ascending.at(-1)?.to ?? 0);
  // Below `baseEnd`, what no segment of the base covers is known to be empty.
  const covered =
    base === undefined ? [] : emptyRanges(base, baseEnd).filter((gap) => !taken.some((range) => overlaps(range, gap)));
  const all = mergeEmpty([...ascending, ...covered].sort((a, b) => a.from - b.from));
  const read = gapsOf(all, sealedEnd).map((range) => ({ ...range, sealed: true }));
  return { known: all, read: [...read, { from: sealedEnd, to: MAX_SEQ_NO, sealed: false }] };
}

/** Returns the ranges that a shard manifest has sealed, ascending. */
export function knownOf(manifest: ShardManifest): readonly Known[] {
  return shardRanges(manifest, [], [], manifest.sealedThrough).known;
}

function knownSegment(segment: Segment): Known {
  const { from, to, live } = segment;
  return live === 0 ? { from, to, live } : { from, to, live, segment };
}

function emptyRanges(base: ShardManifest, end: number): Known[] {
  return gapsOf(
    base.segments.filter(({ sealed }) => sealed),
    end,
  ).map((range) => ({ ...range, live: 0 }));
}

/** Returns the gaps that ascending ranges leave in `[0, end)`. */
function gapsOf(ranges: readonly SeqNoRange[], end: number): SeqNoRange[] {
  const gaps: SeqNoRange[] = [];
  let from = 0;
  for (const range of ranges) {
    if (range.from > from) gaps.push({ from, to: range.from });
    from = range.to;
  }
  if (from < end) gaps.push({ from, to: end });
  return gaps;
}

function mergeEmpty(ranges: readonly Known[]): Known[] {
  const merged: Known[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && last.segment === undefined && range.segment === undefined && last.to === range.from) {
      merged[merged.length - 1] = { from: last.from, to: range.to, live: 0 };
    } else merged.push(range);
  }
  return merged;
}

/** Returns whether the ranges have a number in common. */
export function overlaps(a: SeqNoRange, b: SeqNoRange): boolean {
  return a.from < b.to && b.from < a.to;
}
