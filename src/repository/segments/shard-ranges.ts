/** Which sequence numbers of a shard are known, and which have to be read. Pure. */
import { type KnownRange } from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { MAX_SEQ_NO, type SeqNoRange } from '../../contracts/seq-no';
import { type Segment, type ShardManifest } from '../format/format';

/** A range of which it is known what may be live: the documents of a segment, or none. */
export interface Known extends KnownRange {
  /** Unset for a range without documents. */
  readonly segment?: Segment;
}

export interface ShardRanges {
  /** Ascending. */
  readonly known: readonly Known[];
  /** Ascending; together with `known` everything from 0 on. The last is the unsealed tail. */
  readonly read: readonly (SeqNoRange & { readonly sealed: boolean })[];
}

/**
 * @param base what an earlier snapshot knows, if it may be used.
 * @param copied sealed segments written since, not overlapping each other; they win over those of the base.
 * @param reread ranges of the base not to be kept.
 * @param globalCheckpoint of the shard as it is now.
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
  for (let i = 1; i < ascending.length; i++) {
    if (ascending[i].from < ascending[i - 1].to) {
      throw new SnapkeepError('internal', `segments overlap at sequence number [${ascending[i].from}]`);
    }
  }
  // Checkpoints that a copy reports may lag behind what was sealed before; sealed stays sealed.
  const baseEnd = (base?.sealedThrough ?? -1) + 1;
  const sealedEnd = Math.max(globalCheckpoint + 1, baseEnd, ascending.at(-1)?.to ?? 0);
  // Below `baseEnd`, what no segment of the base covers is known to be empty.
  const covered =
    base === undefined ? [] : emptyRanges(base, baseEnd).filter((gap) => !taken.some((range) => overlaps(range, gap)));
  const all = mergeEmpty([...ascending, ...covered].sort((a, b) => a.from - b.from));
  const read = gapsOf(all, sealedEnd).map((range) => ({ ...range, sealed: true }));
  return { known: all, read: [...read, { from: sealedEnd, to: MAX_SEQ_NO, sealed: false }] };
}

/** What a shard manifest knows of the numbers it has sealed, ascending. */
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

/** What `[0, end)` holds besides the given ascending ranges. */
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

/** Whether the ranges have a number in common. */
export function overlaps(a: SeqNoRange, b: SeqNoRange): boolean {
  return a.from < b.to && b.from < a.to;
}
