/**
 * Proves that a shard still has the history that an earlier snapshot recorded (FORMAT.md, "A cluster that went back").
 *
 * A cluster whose disk was replaced by an older copy assigns sequence numbers a second time, under the same history
 * uuid. All operations after the copy are lost, and other operations have their numbers: from some number on everything
 * differs, below it nothing does. So two facts prove that the live documents are the stored ones:
 *
 * - In no range are more documents live than before. Where as many are, their numbers have the same sum. So no document
 *   is live that was not live before.
 * - The last known document that is live is the one that was stored under its number. So are all before it.
 */
import { type DocumentReader, type ShardTarget } from '../../cluster/reading/document-reader';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { markOf, MARKS, sameMark } from '../../documents/marks';
import { hitsOf } from '../../documents/readable-hits';
import { type Segment } from '../format/format';
import { decodeRuns } from '../format/number-runs';
import { without } from './ascending-numbers';
import { type Known } from './shard-ranges';

/** Number of pieces in which numbers are summed. A shard with fewer numbers is compared number by number. */
const PIECES = 1_000;
/** Segments that are searched, from the last one down, for a live document with a mark. */
const MOST_LOOKS = 16;

/** The outcome of {@link proveHistory}. */
interface Proof {
  /** True if every range has as many live documents as before. */
  readonly same: boolean;
  /**
   * Ranges of segments whose live documents can't be proven to be the stored ones, because all marked ones were
   * deleted.
   */
  readonly unproven: readonly SeqNoRange[];
}

/**
 * Compares what is `known` (ascending) with what is live, in one small search, or more if marked documents were
 * deleted. The shard must have been refreshed. Throws `shard_inconsistent` if the history is another one, or nothing of
 * it can be proven.
 */
export async function proveHistory(
  reader: DocumentReader,
  target: ShardTarget,
  known: readonly Known[],
  signal?: AbortSignal,
): Promise<Proof> {
  const pieces = cutIntoPieces(known);
  const segments = known.flatMap(({ segment }) => segment ?? []);
  const end = segments.at(-1)?.to ?? 0;
  const { sums, page } = await reader.probe(
    target,
    { ranges: pieces, last: { from: 0, to: end }, documents: MARKS },
    signal,
  );
  const live = compareSums(target, known, pieces, sums);
  const held = segments.filter((segment) => (live.get(segment) ?? 0) > 0);
  const unproven: SeqNoRange[] = [];
  let shown: Shown[] = shownIn(page);
  for (const segment of held.slice(-MOST_LOOKS).reverse()) {
    let own = shown.filter(({ seqNo }) => seqNo >= segment.from && seqNo < segment.to);
    if (own.length === 0) {
      const looked = await reader.probe(target, { ranges: [], last: segment, documents: MARKS }, signal);
      own = shown = shownIn(looked.page);
    }
    const { proven, whole } = compareMarks(target, segment, own);
    if (!whole) unproven.unshift({ from: segment.from, to: segment.to });
    if (proven) return { same: isSame(known, live), unproven };
  }
  if (held.length === 0) return { same: isSame(known, live), unproven };
  throw inconsistent(target, 'shows none of the documents by which it could be recognised');
}

interface Shown {
  readonly seqNo: number;
  readonly mark: string;
}

/** Returns the hits of a page, in its order: descending. */
function shownIn(page: Buffer): Shown[] {
  const hits = hitsOf(page);
  return Array.from({ length: hits.count }, (_, i) => ({ seqNo: hits.seqNo[i]!, mark: markOf(page, hits, i) }));
}

/** Compares marks. `proven`: everything before the segment is unchanged; `whole`: so is the segment itself. */
function compareMarks(
  target: ShardTarget,
  { seqNos, stored, marks = [] }: Segment,
  shown: readonly Shown[],
): { proven: boolean; whole: boolean } {
  const numbers = decodeRuns(seqNos, stored);
  const marked = new Map(marks.map((mark, i) => [numbers[numbers.length - 1 - i], mark]));
  let proven = false;
  for (const { seqNo, mark } of shown) {
    const own = marked.get(seqNo);
    if (own === undefined) continue;
    if (!sameMark(own, mark, target.sourceRebuilt === true)) {
      throw inconsistent(target, `shows another document than before under sequence number [${seqNo}]`);
    }
    proven = true;
  }
  const [last] = shown;
  return { proven, whole: last === undefined || marked.has(last.seqNo) };
}

/**
 * Returns the live documents per segment. Throws `shard_inconsistent` if there are more, or others, than there can be.
 */
function compareSums(
  target: ShardTarget,
  known: readonly Known[],
  pieces: readonly SeqNoRange[],
  sums: readonly { readonly count: number; readonly sum: number }[],
): Map<Segment, number> {
  const counts = new Map<Segment, number>();
  let k = 0;
  for (const { from, to, segment } of known) {
    const numbers = segment === undefined ? new Float64Array(0) : liveNumbers(segment);
    let at = 0;
    let live = 0;
    for (; k < pieces.length && pieces[k]!.to <= to; k++) {
      let count = 0;
      let sum = 0;
      for (; at < numbers.length && numbers[at]! < pieces[k]!.to; at++) {
        count++;
        sum += numbers[at]!;
      }
      const now = sums[k]!;
      const differs = now.count > count || (now.count === count && now.sum !== sum && Number.isSafeInteger(sum));
      if (differs) throw inconsistent(target, `shows documents in [${from}, ${to}) that were not there before`);
      live += now.count;
    }
    if (segment !== undefined) counts.set(segment, live);
  }
  return counts;
}

function liveNumbers(segment: Segment): Float64Array {
  const stored = decodeRuns(segment.seqNos, segment.stored);
  return segment.deleted === '' ? stored : without(stored, decodeRuns(segment.deleted, segment.stored - segment.live));
}

function isSame(known: readonly Known[], live: ReadonlyMap<Segment, number>): boolean {
  return known.every(({ segment }) => segment === undefined || live.get(segment) === segment.live);
}

/** Cuts the known ranges into pieces, none of which crosses the border of a range. */
function cutIntoPieces(known: readonly Known[]): SeqNoRange[] {
  const span = known.reduce((sum, { from, to }) => sum + to - from, 0);
  const width = Math.max(1, Math.ceil(span / PIECES));
  const pieces: SeqNoRange[] = [];
  for (const { from, to } of known) {
    for (let at = from; at < to; at += width) pieces.push({ from: at, to: Math.min(to, at + width) });
  }
  return pieces;
}

function inconsistent({ index, shard }: ShardTarget, what: string): SnapkeepError {
  return new SnapkeepError(
    'shard_inconsistent',
    `shard [${index}][${shard}] ${what}: it went back to an older copy of its data; it is read from the beginning`,
    { details: { index, shard } },
  );
}
