/** Encodes counts of sequence numbers per bucket as text (FORMAT.md, "Numbers of a segment"): `12:4096,13:17`. */
import { SnapkeepError } from '../../contracts/errors';

/** Sequence numbers per bucket. Bucket `k` begins at `k` times this number. */
export const BUCKET = 16_384;

const ENTRY = /^(0|[1-9]\d{0,15}):([1-9]\d{0,15})$/;

/** Encodes counts by bucket. */
export function encodeBuckets(counts: ReadonlyMap<number, number>): string {
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([bucket, count]) => `${bucket}:${count}`)
    .join(',');
}

/** Decodes what {@link encodeBuckets} encoded. Throws `repository_corrupt` if the text is not that. */
export function decodeBuckets(text: string): Map<number, number> {
  const counts = new Map<number, number>();
  let last = -1;
  for (const entry of text.split(',')) {
    const match = ENTRY.exec(entry);
    const bucket = Number(match?.[1]);
    const count = Number(match?.[2]);
    if (!(bucket > last) || !Number.isSafeInteger(bucket * BUCKET) || !Number.isSafeInteger(count)) {
      throw new SnapkeepError('repository_corrupt', `[${entry.slice(0, 40)}] is not the count of a bucket`);
    }
    counts.set(bucket, count);
    last = bucket;
  }
  return counts;
}
