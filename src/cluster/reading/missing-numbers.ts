import { type SeqNoRange } from '../../contracts/seq-no';

/** What is live in the numbers `[from + i × width, from + (i + 1) × width)`, for one i. */
export interface BucketSum {
  readonly from: number;
  readonly count: number;
  /** Sum of the live numbers. */
  readonly sum: number;
}

/** Expected share of buckets' numbers that are gone: then about one bucket in fifty lost more than one. */
const MISSING_PER_BUCKET = 0.2;
/** Below this width, sums cost more than the list of all numbers. */
const LEAST_WIDTH = 4;

/**
 * How wide the buckets of `range` should be so that nearly all of them lost one number at most, where `live` of the numbers
 * `before` are left. Undefined where listing all of them is less work, or sums would not be exact.
 */
export function bucketWidth(range: SeqNoRange, before: Float64Array, live: number): number | undefined {
  const missing = Math.max(1, before.length - live);
  const perBucket = Math.min(4_096, Math.floor((MISSING_PER_BUCKET * before.length) / missing));
  if (perBucket < LEAST_WIDTH) return undefined;
  const width = Math.ceil((perBucket * (range.to - range.from)) / before.length);
  return range.to * width <= Number.MAX_SAFE_INTEGER ? width : undefined;
}

/**
 * Which of the numbers `before` (ascending) are left in a range, told from counts and sums of
 * buckets: where one is missing it is the difference of the sums. Buckets that lost more, or show what can't be, are `unclear`:
 * ranges to list; their numbers are not in `live`. Pure.
 */
export function liveBySums(
  before: Float64Array,
  buckets: Iterable<BucketSum>,
  range: SeqNoRange,
  width: number,
): { readonly live: Float64Array; readonly unclear: SeqNoRange[] } {
  const found = new Map<number, BucketSum>();
  for (const bucket of buckets) found.set(Math.round((bucket.from - range.from) / width), bucket);
  const bucketAt = (place: number): SeqNoRange => {
    const from = range.from + place * width;
    return { from, to: Math.min(range.to, from + width) };
  };
  const live = new Float64Array(before.length);
  const unclear: SeqNoRange[] = [];
  let length = 0;
  for (let i = 0; i < before.length;) {
    const place = Math.floor((before[i]! - range.from) / width);
    const next = range.from + (place + 1) * width;
    let end = i;
    let sum = 0;
    while (end < before.length && before[end]! < next) sum += before[end++]!;
    const bucket = found.get(place);
    found.delete(place);
    const missing = end - i - (bucket?.count ?? 0);
    const gone = sum - (bucket?.sum ?? 0);
    if (missing === 0 && gone === 0) {
      live.set(before.subarray(i, end), length);
      length += end - i;
    } else if (missing === 1 && before.subarray(i, end).includes(gone)) {
      for (let k = i; k < end; k++) if (before[k] !== gone) live[length++] = before[k]!;
    } else if (missing !== end - i) unclear.push(bucketAt(place));
    i = end;
  }
  // Numbers where there were none: to be shown, not to be hidden.
  for (const place of found.keys()) unclear.push(bucketAt(place));
  unclear.sort((a, b) => a.from - b.from);
  return { live: live.subarray(0, length), unclear };
}
