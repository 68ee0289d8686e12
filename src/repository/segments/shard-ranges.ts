/**
 * Divides the sequence numbers of a shard into pieces whose live documents are known, and ranges that have to be read.
 * Pure.
 */
import { type KnownRange } from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { MAX_SEQ_NO, type SeqNoRange } from '../../contracts/seq-no';
import { type Segment, type ShardManifest } from '../format/format';
import { BUCKET } from '../format/number-buckets';
import { liveBuckets } from './segment-numbers';

/** A range whose possible live documents are known: those of some segments, or none. */
export interface Known extends KnownRange {
  /** The segments that overlap the range; empty for a range without documents. */
  readonly segments: readonly Segment[];
}

/** The documents of a shard that were copied for a snapshot. */
export interface Copied {
  /** Sealed segments. */
  readonly segments: readonly Segment[];
  /** The ranges that were copied completely: of them, `segments` hold every document that is live. */
  readonly covers: readonly SeqNoRange[];
}

/** Nothing was copied. */
export const NOTHING_COPIED: Copied = { segments: [], covers: [] };

/** All sequence numbers of a shard, from 0 on. */
interface ShardRanges {
  /** Ascending. */
  readonly known: readonly Known[];
  /** Ascending; with `known` they cover everything from 0 on. The last is the unsealed tail. */
  readonly read: readonly (SeqNoRange & { readonly sealed: boolean })[];
  /** The segments of base and copy, and the ascending ranges of which their documents are not kept. */
  readonly sources: readonly Source[];
}

/** Segments that are kept but for some ranges. */
export interface Source {
  readonly segments: readonly Segment[];
  readonly dropped: readonly SeqNoRange[];
}

/** Most pieces into which overlapping segments of one shard are cut: a cluster counts so many in one request. */
const MOST_PIECES = 4_000;

/**
 * Divides the sequence numbers of a shard. Throws `internal` if copied segments lie outside of what they cover.
 *
 * @param base what an earlier snapshot recorded, if it may be used.
 * @param copied what was written since; it replaces the base where it covers.
 * @param reread ranges of the base that are not kept. They grow to borders at which the base can be divided.
 * @param globalCheckpoint the present one of the shard.
 */
export function shardRanges(
  base: ShardManifest | undefined,
  copied: Copied,
  reread: readonly SeqNoRange[],
  globalCheckpoint: number,
): ShardRanges {
  const held = base?.segments.filter(({ sealed }) => sealed) ?? [];
  const covered = merged(copied.covers);
  for (const { from, to } of copied.segments) {
    if (!covered.some((range) => range.from <= from && to <= range.to)) {
      throw new SnapkeepError('internal', `segment [${from}, ${to}) was copied outside of what was to be copied`);
    }
  }
  for (const range of covered) {
    const { from, to } = divisible(range, held);
    if (from !== range.from || to !== range.to) {
      throw new SnapkeepError('internal', `[${range.from}, ${range.to}) was copied, which cuts segments of the base`);
    }
  }
  const kept = [...held, ...copied.segments];
  const again = merged(reread.map((range) => divisible(range, kept)));
  const dropped = merged([...covered, ...again]);
  // The checkpoint that a copy reports may lag behind an earlier one; what was sealed stays sealed.
  const baseEnd = (base?.sealedThrough ?? -1) + 1;
  const sealedEnd = Math.max(globalCheckpoint + 1, baseEnd, covered.at(-1)?.to ?? 0);
  const known = [
    ...pieces(gapsOf(dropped, baseEnd), held),
    ...pieces(
      covered.flatMap((range) => gapsWithin(again, range)),
      copied.segments,
    ),
  ].sort((a, b) => a.from - b.from);
  const read = gapsOf(merged(known), sealedEnd).map((range) => ({ ...range, sealed: true }));
  const sources = [
    { segments: held, dropped },
    { segments: copied.segments, dropped: again },
  ];
  return { known, read: [...read, { from: sealedEnd, to: MAX_SEQ_NO, sealed: false }], sources };
}

/** Returns the pieces that a shard manifest has sealed, ascending. */
export function knownOf(manifest: ShardManifest): readonly Known[] {
  return shardRanges(manifest, NOTHING_COPIED, [], manifest.sealedThrough).known;
}

/** Segments that overlap each other, directly or through others, and the range that they share with no other. */
export interface Stretch extends SeqNoRange {
  readonly segments: readonly Segment[];
}

/** Groups ascending segments into stretches. */
export function stretchesOf(segments: readonly Segment[]): Stretch[] {
  const stretches: { from: number; to: number; segments: Segment[] }[] = [];
  for (const segment of [...segments].sort((a, b) => a.from - b.from)) {
    const last = stretches.at(-1);
    if (last !== undefined && segment.from < last.to) {
      last.to = Math.max(last.to, segment.to);
      last.segments.push(segment);
    } else stretches.push({ from: segment.from, to: segment.to, segments: [segment] });
  }
  return stretches;
}

/** Cuts known ranges so that each piece has few segments. The numbers of a piece that no segment holds are dead. */
function pieces(ranges: readonly SeqNoRange[], segments: readonly Segment[]): Known[] {
  const stretches = stretchesOf(segments);
  const overlapping = stretches.filter((stretch) => stretch.segments.length > 1);
  const span = overlapping.reduce((sum, { from, to }) => sum + to - from, 0);
  const width = BUCKET * 2 ** Math.max(0, Math.ceil(Math.log2(span / BUCKET / MOST_PIECES)));
  const found: Known[] = [];
  let k = 0;
  for (const range of ranges) {
    while (k < stretches.length && stretches[k]!.to <= range.from) k++;
    let from = range.from;
    for (let s = k; s < stretches.length && stretches[s]!.from < range.to; s++) {
      const stretch = stretches[s]!;
      // A piece reaches to the next stretch: what lies between holds nothing.
      const to = Math.min(range.to, Math.max(from, stretches[s + 1]?.from ?? range.to));
      found.push(...cut({ from, to }, stretch, width));
      from = to;
    }
    if (from < range.to) found.push({ from, to: range.to, live: 0, segments: [] });
  }
  return found;
}

/** Cuts a range that holds documents of one stretch only. */
function cut({ from, to }: SeqNoRange, { segments }: Stretch, width: number): Known[] {
  if (segments.length === 1 && segments[0]!.from >= from && segments[0]!.to <= to) {
    return [{ from, to, live: segments[0]!.live, segments }];
  }
  const step = segments.length === 1 ? BUCKET * Math.ceil((to - from) / BUCKET) : width;
  const parts: { from: number; to: number; live: number; segments: Segment[] }[] = [];
  for (let at = from; at < to;) {
    const end = Math.min(to, (Math.floor(at / step) + 1) * step);
    parts.push({ from: at, to: end, live: 0, segments: [] });
    at = end;
  }
  const first = Math.floor(from / step);
  for (const segment of segments) {
    for (const [bucket, live] of liveBuckets(segment)) {
      if (live === 0) continue;
      const part = parts[Math.floor((bucket * BUCKET) / step) - first];
      // A bucket belongs to the range whole, unless the range begins or ends where another stretch does.
      if (part === undefined || (bucket + 1) * BUCKET <= from || bucket * BUCKET >= to) continue;
      part.live += live;
      if (part.segments.at(-1) !== segment) part.segments.push(segment);
    }
  }
  return parts;
}

/** Grows a range until each border lies outside of all segments, or between two buckets. */
function divisible({ from, to }: SeqNoRange, segments: readonly Segment[]): SeqNoRange {
  const isInside = (border: number): boolean =>
    segments.some((segment) => segment.from < border && border < segment.to);
  return {
    from: isInside(from) ? Math.floor(from / BUCKET) * BUCKET : from,
    to: isInside(to) ? Math.ceil(to / BUCKET) * BUCKET : to,
  };
}

/** Joins ranges that touch or overlap; ascending. */
function merged(ranges: readonly SeqNoRange[]): SeqNoRange[] {
  const joined: { from: number; to: number }[] = [];
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    if (from >= to) continue;
    const last = joined.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else joined.push({ from, to });
  }
  return joined;
}

/** Returns the gaps that ascending ranges leave in `[0, end)`. */
function gapsOf(ranges: readonly SeqNoRange[], end: number): SeqNoRange[] {
  return gapsWithin(ranges, { from: 0, to: end });
}

/** Returns the gaps that ascending ranges leave in a range. */
function gapsWithin(ranges: readonly SeqNoRange[], { from, to }: SeqNoRange): SeqNoRange[] {
  const gaps: SeqNoRange[] = [];
  let at = from;
  for (const range of ranges) {
    if (range.to <= at || range.from >= to) continue;
    if (range.from > at) gaps.push({ from: at, to: range.from });
    at = range.to;
  }
  if (at < to) gaps.push({ from: at, to });
  return gaps;
}
