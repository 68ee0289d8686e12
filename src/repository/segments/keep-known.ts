/** Decides by counts which of the known documents of a shard are still live, and records the deaths of the others. */
import { type ShardTarget, type ShardView } from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Segment } from '../format/format';
import { joined, lossesOf, within } from './ascending-numbers';
import { type SegmentNumbers, shrunkenBy } from './segment-numbers';
import { type Known, type Source } from './shard-ranges';

/** The known documents of a shard, and a view that shows which of them are live. */
interface KnownShard {
  readonly target: ShardTarget;
  /** Opened for the pieces `known`. */
  readonly view: ShardView;
  readonly numbers: SegmentNumbers;
  /** Ascending. */
  readonly known: readonly Known[];
  readonly sources: readonly Source[];
}

/** The outcome of {@link keepKnown}. */
interface Kept {
  /** The segments that hold live documents, with deleted ones recorded. */
  readonly segments: readonly Segment[];
  /**
   * Ranges that must be read again, because a number of several documents lost some of them: nothing says which.
   */
  readonly unclear: readonly SeqNoRange[];
}

/**
 * Returns the segments of all sources as far as they are live. Throws `shard_inconsistent` if a piece shows more
 * documents than it can, or others; and what view and store throw.
 */
export async function keepKnown(shard: KnownShard, signal: AbortSignal | undefined): Promise<Kept> {
  const { view, known, numbers, sources } = shard;
  const losses = new Losses(numbers);
  for (const { segments, dropped } of sources) {
    for (const segment of segments) {
      for (const range of dropped) await losses.addAll(segment, range);
    }
  }
  const unclear: SeqNoRange[] = [];
  for (const [k, piece] of known.entries()) {
    const count = view.counts[k]!;
    if (count > piece.live) {
      throw inconsistent(
        shard,
        piece,
        `shows ${count} documents where at most ${piece.live} can be: ranges at or below the global checkpoint never grow`,
      );
    }
    if (count === piece.live) continue;
    await losses.settleBelow(piece.from);
    if (count === 0) {
      for (const segment of piece.segments) await losses.addAll(segment, piece);
      continue;
    }
    const before = await numbers.liveWithin(piece.segments, piece);
    const now = await view.seqNos(k, before, signal);
    const { gone, fewer, grown } = lossesOf(before, now);
    if (grown || now.length !== count) {
      throw inconsistent(
        shard,
        piece,
        'shows documents that were not there before: ranges at or below the global checkpoint never grow',
      );
    }
    if (fewer.length > 0) unclear.push({ from: piece.from, to: piece.to });
    for (const segment of piece.segments) losses.add(segment, gone);
  }
  await losses.settleBelow(Infinity);
  return {
    segments: sources.flatMap(({ segments }) => segments.flatMap((segment) => losses.leftOf(segment) ?? [])),
    unclear,
  };
}

/** Collects the numbers that segments have lost. */
class Losses {
  private readonly gone = new Map<Segment, Float64Array[]>();
  /** Segments that lost documents, as they are now; undefined if nothing is left. */
  private readonly changed = new Map<Segment, Segment | undefined>();

  constructor(private readonly numbers: SegmentNumbers) {}

  /** Adds all live numbers of the segment in a range. */
  async addAll(segment: Segment, { from, to }: SeqNoRange): Promise<void> {
    if (from >= segment.to || to <= segment.from) return;
    if (from <= segment.from && segment.to <= to) {
      this.changed.set(segment, undefined);
      this.gone.delete(segment);
    } else this.add(segment, within(await this.numbers.live(segment), from, to));
  }

  /** Adds those of the ascending numbers that are the segment's. */
  add(segment: Segment, numbers: Float64Array): void {
    if (this.changed.has(segment)) return;
    const own = within(numbers, segment.from, segment.to);
    const before = this.gone.get(segment);
    if (before === undefined) this.gone.set(segment, [own]);
    else before.push(own);
  }

  /** Records the losses of segments that end at or below `bound`, and forgets their numbers. */
  async settleBelow(bound: number): Promise<void> {
    for (const [segment, lists] of this.gone) {
      if (segment.to > bound) continue;
      this.changed.set(segment, shrunkenBy(segment, await this.numbers.live(segment), joined(lists)));
      this.gone.delete(segment);
    }
    this.numbers.forgetBelow(bound);
  }

  /** Returns what is left of the segment. */
  leftOf(segment: Segment): Segment | undefined {
    return this.changed.has(segment) ? this.changed.get(segment) : segment;
  }
}

function inconsistent({ target }: KnownShard, { from, to }: SeqNoRange, what: string): SnapkeepError {
  return new SnapkeepError(
    'shard_inconsistent',
    `shard [${target.index}][${target.shard}]: sequence numbers [${from}, ${to}) ${what}`,
  );
}
