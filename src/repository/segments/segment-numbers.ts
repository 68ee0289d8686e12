/**
 * The sequence numbers of a segment's documents (FORMAT.md, "Numbers of a segment"): one ascending list per frame.
 * Short lists stand in the shard manifest. Long ones have an object of their own, and the manifest counts them per
 * bucket.
 */
import { z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { FORMAT_VERSION, type Segment } from '../format/format';
import { getMetadata, putMetadata } from '../format/metadata';
import { BUCKET, decodeBuckets, encodeBuckets } from '../format/number-buckets';
import { countRuns, decodeRuns, eachRun, encodeRuns } from '../format/number-runs';
import { joined, within, without } from './ascending-numbers';

/** Characters of lists that stand in the manifest. Longer lists would make manifests of large shards too large. */
const INLINE_CHARACTERS = 2_048;

const numbersSchema = z.looseObject({ format: z.literal(FORMAT_VERSION), seqNos: z.array(z.string()) });

/** The part of a segment that says which numbers are stored. */
type StoredNumbers = Pick<Segment, 'seqNos' | 'numbers'>;

/** Writes the lists of a segment, one per frame, under `name` if they are long. Throws what the store throws. */
export async function storeNumbers(
  store: BlobStore,
  name: string,
  lists: readonly Float64Array[],
  options: BlobCallOptions & { compress: boolean },
): Promise<StoredNumbers> {
  const seqNos = lists.map((list) => encodeRuns(list));
  if (seqNos.reduce((sum, text) => sum + text.length, 0) <= INLINE_CHARACTERS) return { seqNos };
  const object = await putMetadata(store, name, { format: FORMAT_VERSION, seqNos }, options);
  return { numbers: { object, buckets: encodeBuckets(bucketsOf(seqNos)) } };
}

/** Counts the live documents of a segment per bucket of {@link BUCKET} sequence numbers. */
export function liveBuckets(segment: Segment): Map<number, number> {
  const counts = segment.numbers === undefined ? bucketsOf(segment.seqNos!) : decodeBuckets(segment.numbers.buckets);
  for (const [bucket, gone] of bucketsOf([segment.deleted])) counts.set(bucket, (counts.get(bucket) ?? 0) - gone);
  return counts;
}

function bucketsOf(lists: readonly string[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const list of lists) {
    eachRun(list, (start, length) => {
      for (let at = start; at < start + length;) {
        const bucket = Math.floor(at / BUCKET);
        const next = Math.min(start + length, (bucket + 1) * BUCKET);
        counts.set(bucket, (counts.get(bucket) ?? 0) + next - at);
        at = next;
      }
    });
  }
  return counts;
}

/** Reads numbers of segments, and keeps those of the segments that the caller still needs. */
export class SegmentNumbers {
  private readonly known = new Map<Segment, Float64Array>();

  constructor(
    private readonly store: BlobStore,
    private readonly options: BlobCallOptions,
  ) {}

  /** Returns the ascending numbers of the live documents. Throws `repository_corrupt`, and what the store throws. */
  async live(segment: Segment): Promise<Float64Array> {
    const known = this.known.get(segment);
    if (known !== undefined) return known;
    const stored = joined(await readNumbers(this.store, segment, this.options));
    const live = without(stored, decodeRuns(segment.deleted, segment.stored - segment.live));
    if (live.length !== segment.live) throw notStored(segment);
    this.known.set(segment, live);
    return live;
  }

  /** Returns the ascending numbers of the live documents of all segments in a range. Throws as {@link live} does. */
  async liveWithin(segments: readonly Segment[], { from, to }: SeqNoRange): Promise<Float64Array> {
    const lists: Float64Array[] = [];
    for (const segment of segments) lists.push(within(await this.live(segment), from, to));
    return joined(lists);
  }

  /** Forgets segments that end at or below `bound`. */
  forgetBelow(bound: number): void {
    for (const segment of this.known.keys()) if (segment.to <= bound) this.known.delete(segment);
  }
}

/**
 * Returns the numbers of the stored documents, one ascending list per frame. Throws `repository_corrupt` when the lists
 * do not match the frames; `blob_missing`, and what the store throws.
 */
export async function readNumbers(
  store: BlobStore,
  { seqNos, numbers, frames }: Segment,
  options: BlobCallOptions,
): Promise<readonly Float64Array[]> {
  const lists = seqNos ?? (await getMetadata(store, numbers!.object, numbersSchema, options)).seqNos;
  if (lists.length !== frames.length) {
    throw new SnapkeepError('repository_corrupt', `${frames.length} frames have ${lists.length} lists of numbers`);
  }
  return lists.map((list, i) => decodeRuns(list, frames[i]!.documents));
}

/** Returns the segment without the documents whose numbers are in `gone`, ascending; undefined if none is left. */
export function shrunkenBy(segment: Segment, live: Float64Array, gone: Float64Array): Segment | undefined {
  const left = without(live, gone);
  if (left.length === live.length) return segment;
  if (left.length === 0) return undefined;
  const before = decodeRuns(segment.deleted, countRuns(segment.deleted));
  const deleted = joined([before, without(live, left)]);
  return { ...segment, deleted: encodeRuns(deleted), live: left.length };
}

function notStored({ from, to }: Segment): SnapkeepError {
  return new SnapkeepError(
    'repository_corrupt',
    `segment [${from}, ${to}) names deleted documents that it does not hold, or a part of those of one number`,
  );
}
