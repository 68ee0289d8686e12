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
import { type SegmentNumbers } from './segment-numbers';
import { type Known } from './shard-ranges';

/** Number of pieces in which numbers are summed. A shard with fewer numbers is compared number by number. */
const PIECES = 1_000;
/** Searches for a live document with a mark, from the highest one down. */
const MOST_LOOKS = 16;

/** The outcome of {@link proveHistory}. */
interface Proof {
  /** True if every range has as many live documents as before. */
  readonly same: boolean;
  /**
   * The range above the highest document that could be compared: its live documents can't be proven to be the stored
   * ones, because all marked ones were deleted. Empty if everything is proven.
   */
  readonly unproven: readonly SeqNoRange[];
}

/**
 * Compares what is `known` (ascending) with what is live, in one small search, or more if marked documents were
 * deleted. The shard must have been refreshed. Throws `shard_inconsistent` if the history is another one, or nothing of
 * it can be proven; and what reading `numbers` throws.
 */
export async function proveHistory(
  reader: DocumentReader,
  target: ShardTarget,
  known: readonly Known[],
  numbers: SegmentNumbers,
  signal?: AbortSignal,
): Promise<Proof> {
  const pieces = cutIntoPieces(known);
  const expected = await sumsOf(known, pieces, numbers);
  const end = known.findLast(({ live }) => live > 0)?.to ?? 0;
  // A document above what is known proves it, too: a segment can be known in part.
  const last = { from: 0, to: segmentsOf(known).reduce((most, { to }) => Math.max(most, to), end) };
  const { sums, page } = await reader.probe(target, { ranges: pieces, last, documents: MARKS }, signal);
  const same = compareSums(target, pieces, expected, sums);
  const marks = marksOf(known);
  const shown = shownIn(page);
  if (shown.length === 0) return { same, unproven: [] };
  let proven = compareMarks(target, marks, shown);
  const looks = proven === undefined ? markedRanges(known) : [];
  for (const range of looks.slice(0, MOST_LOOKS)) {
    const looked = await reader.probe(target, { ranges: [], last: range, documents: MARKS }, signal);
    proven = compareMarks(target, marks, shownIn(looked.page));
    if (proven !== undefined) break;
  }
  if (proven === undefined) throw inconsistent(target, 'shows none of the documents by which it could be recognised');
  const isProven = proven === shown[0]!.seqNo || proven + 1 >= end;
  return { same, unproven: isProven ? [] : [{ from: proven + 1, to: end }] };
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

/** The marks of each number that has some; where several documents share a number, it has several. */
type Marks = ReadonlyMap<number, readonly string[]>;

function marksOf(known: readonly Known[]): Marks {
  const marks = new Map<number, string[]>();
  for (const { seqNo, mark } of segmentsOf(known).flatMap(marksIn)) {
    marks.set(seqNo, [...(marks.get(seqNo) ?? []), mark]);
  }
  return marks;
}

function marksIn({ marks = [] }: Segment): Shown[] {
  return marks.map((text) => {
    const at = text.indexOf(':');
    return { seqNo: Number(text.slice(0, at)), mark: text.slice(at + 1) };
  });
}

/** Returns the ranges of the marks of each segment, the highest first. */
function markedRanges(known: readonly Known[]): SeqNoRange[] {
  return segmentsOf(known)
    .map(marksIn)
    .filter((marks) => marks.length > 0)
    .map((marks) => ({ from: marks.at(-1)!.seqNo, to: marks[0]!.seqNo + 1 }))
    .sort((a, b) => b.to - a.to);
}

/** Compares marks. Returns the highest number whose document is the stored one; undefined if none has a mark. */
function compareMarks(target: ShardTarget, marks: Marks, shown: readonly Shown[]): number | undefined {
  let proven: number | undefined;
  for (const { seqNo, mark } of shown) {
    const own = marks.get(seqNo);
    if (own === undefined) continue;
    if (!own.some((one) => sameMark(one, mark, target.sourceRebuilt === true))) {
      throw inconsistent(target, `shows another document than before under sequence number [${seqNo}]`);
    }
    proven ??= seqNo;
  }
  return proven;
}

interface Sum {
  count: number;
  sum: number;
}

/** Counts and sums up the live numbers of each piece. */
async function sumsOf(
  known: readonly Known[],
  pieces: readonly SeqNoRange[],
  numbers: SegmentNumbers,
): Promise<readonly Sum[]> {
  const sums = pieces.map(() => ({ count: 0, sum: 0 }));
  for (const segment of segmentsOf(known)) {
    let k = 0;
    for (const number of await numbers.live(segment)) {
      while (k < pieces.length && pieces[k]!.to <= number) k++;
      // Numbers in none of the pieces belong to ranges that are read again.
      if (k === pieces.length || number < pieces[k]!.from) continue;
      sums[k]!.count++;
      sums[k]!.sum += number;
    }
    numbers.forgetBelow(Infinity);
  }
  return sums;
}

/**
 * Returns whether as many documents are live as before. Throws `shard_inconsistent` if there are more, or others, than
 * there can be.
 */
function compareSums(
  target: ShardTarget,
  pieces: readonly SeqNoRange[],
  before: readonly Sum[],
  now: readonly Readonly<Sum>[],
): boolean {
  let same = true;
  for (const [k, { from, to }] of pieces.entries()) {
    const { count, sum } = before[k]!;
    const live = now[k]!;
    if (live.count > count || (live.count === count && live.sum !== sum && Number.isSafeInteger(sum))) {
      throw inconsistent(target, `shows documents in [${from}, ${to}) that were not there before`);
    }
    same &&= live.count === count;
  }
  return same;
}

function segmentsOf(known: readonly Known[]): Segment[] {
  return [...new Set(known.flatMap(({ segments }) => segments))];
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
