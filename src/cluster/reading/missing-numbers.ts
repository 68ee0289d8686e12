/**
 * Finds the sequence numbers that a range lost, from counts and sums of buckets instead of a list of all numbers. If a
 * bucket lost exactly one number, the number is the difference of the sums.
 */
import { type SeqNoRange } from '../../contracts/seq-no';

/** Count and sum of the live numbers in one bucket, which begins at `from`. */
export interface BucketSum {
  readonly from: number;
  readonly count: number;
  /** Sum of the live numbers. */
  readonly sum: number;
}

/** Returns whether ascending numbers hold `number` exactly once. */
function occursOnce(numbers: Float64Array, number: number): boolean {
  const at = numbers.indexOf(number);
  return at >= 0 && numbers[at + 1] !== number;
}

/** Expected missing numbers per bucket: then about one bucket in fifty lost more than one number. */
const MISSING_PER_BUCKET = 0.2;
/** Smallest useful number of expected numbers per bucket. Below it, sums cost more than the list of all numbers. */
const LEAST_WIDTH = 4;

/**
 * Returns the width of buckets by which nearly all buckets of `range` lost at most one number, if `live` of the numbers
 * `before` are left. Returns undefined if listing all numbers is less work, or if sums would not be exact.
 */
export function bucketWidth(range: SeqNoRange, before: Float64Array, live: number): number | undefined {
  const missing = Math.max(1, before.length - live);
  const perBucket = Math.min(4_096, Math.floor((MISSING_PER_BUCKET * before.length) / missing));
  if (perBucket < LEAST_WIDTH) return undefined;
  const width = Math.ceil((perBucket * (range.to - range.from)) / before.length);
  return range.to * width <= Number.MAX_SAFE_INTEGER ? width : undefined;
}

/**
 * Computes which of the ascending numbers `before` are still live in `range`. A bucket that lost exactly one number
 * reveals it as the difference of the sums. Buckets that lost more, or whose sums are impossible, are returned as
 * `unclear`, as are those that lost one of several documents with one number. Their numbers are not in `live` and have
 * to be listed.
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
    const missingSum = sum - (bucket?.sum ?? 0);
    if (missing === 0 && missingSum === 0) {
      live.set(before.subarray(i, end), length);
      length += end - i;
    } else if (missing === 1 && occursOnce(before.subarray(i, end), missingSum)) {
      for (let k = i; k < end; k++) if (before[k] !== missingSum) live[length++] = before[k]!;
    } else if (missing !== end - i) unclear.push(bucketAt(place));
    i = end;
  }
  // Buckets with numbers where there were none before are unclear too, because they must not be hidden.
  for (const place of found.keys()) unclear.push(bucketAt(place));
  unclear.sort((a, b) => a.from - b.from);
  return { live: live.subarray(0, length), unclear };
}
