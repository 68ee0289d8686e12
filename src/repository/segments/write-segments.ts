import { type BlobStore } from '../../blobs/contract/blob-store';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type ObjectRef } from '../../contracts/stored';
import { type Codec } from '../../documents/codec';
import { type CodecPool } from '../../documents/codec-pool';
import { type EncodedFrame } from '../../documents/frame-tasks';
import { MARKS } from '../../documents/marks';
import { type Page } from '../../documents/page';
import { type Frame, type Segment } from '../format/format';
import { newAttempt, segmentKey, segmentNumbersName, type ShardPlace } from '../format/keys';
import { SEGMENT_MAX_BYTES } from '../format/limits';
import { referenceTo } from '../format/metadata';
import { storeNumbers } from './segment-numbers';

/** Stored bytes from which an object is complete. */
export const SEGMENT_TARGET_BYTES = 8 * 1024 * 1024;

/** Holds the store and the settings with which the segments of one shard are written. */
export interface SegmentWriting {
  readonly store: BlobStore;
  readonly pool: CodecPool;
  readonly place: ShardPlace;
  /** Token of this attempt; see `newAttempt`. */
  readonly attempt: string;
  readonly codec: Codec;
  /** Largest object, bytes. */
  readonly chunkSizeBytes: number;
  /** Called with the work that was done since the last call. */
  readonly onProgress?: (progress: WriteProgress) => void;
}

/** An amount of written work. */
export interface WriteProgress {
  /** Documents stored; counted when the last object of their segment is put. */
  readonly documents: number;
  /** Bytes of `_bulk` body. */
  readonly rawBytes: number;
  /** Stored bytes put. */
  readonly storedBytes: number;
}

/** A segment that was written. */
export interface WrittenSegment {
  readonly segment: Segment;
  /**
   * The place from which reading goes on behind the segment: a document number if its pages come in document order,
   * else a sequence number.
   */
  readonly end: number;
}

/**
 * Writes the pages of one range as segments, and yields each once it is stored, so that the caller can record its
 * progress. Pages come in document order, or ascend by sequence number; `repeats` allows that a number occurs again.
 *
 * Reading, encoding and putting overlap; the last two objects are put concurrently. In memory are at most {@link
 * CodecPool.depth} pages with the frames made of them, the object that is being filled and the one that is being put.
 * With pages of 3 MiB and 2 threads that is about 3 × 2 × 3 + 2 × 10 MiB; a page of one large document counts with its
 * size.
 *
 * Throws `shard_inconsistent` if documents do not ascend within the range; what encoding and the store throw; the
 * signal's reason. Objects that were put and not yielded are orphans then.
 */
export async function* writeSegments(
  writing: SegmentWriting,
  pages: AsyncIterable<Page>,
  range: SeqNoRange & { readonly sealed: boolean; readonly repeats?: boolean },
  signal?: AbortSignal,
): AsyncGenerator<WrittenSegment, void, undefined> {
  const stop = new AbortController();
  const inner = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const targetBytes = Math.min(SEGMENT_TARGET_BYTES, writing.chunkSizeBytes);
  let putting: Promise<WrittenSegment> | undefined;
  let filling = new Filling();
  let next = range.from;
  const put = () => {
    const started = putSegment(writing, filling, range.sealed, inner);
    started.catch(() => {}); // awaited below, after more was read
    filling = new Filling();
    return started;
  };
  try {
    for await (const { frame, page } of encodeAll(writing, pages, inner)) {
      if (frame.seqNos.length === 0) continue;
      // Frames in document order overlap; each ascends by itself.
      checkOrder(frame.seqNos, page.ordered === undefined ? next : range.from, range);
      next = frame.seqNos.at(-1)! + (range.repeats === true ? 0 : 1);
      if (filling.bytes > 0 && !filling.hasRoomFor(frame, writing.chunkSizeBytes)) {
        if (putting !== undefined) yield await putting;
        putting = put();
      }
      filling.add(frame, page.ordered?.to);
      writing.onProgress?.({ documents: 0, rawBytes: frame.rawLength, storedBytes: 0 });
      if (filling.bytes >= targetBytes) {
        if (putting !== undefined) yield await putting;
        putting = put();
      }
    }
    const last = filling.frames.length > 0 ? put() : undefined;
    if (putting !== undefined) yield await putting;
    putting = last;
    if (last !== undefined) yield await last;
  } finally {
    stop.abort(new SnapkeepError('internal', 'writing of segments was abandoned'));
    await putting?.catch(() => {});
  }
}

/** Collects the frames of one segment. */
class Filling {
  readonly frames: EncodedFrame[] = [];
  bytes = 0;
  rawBytes = 0;
  /** Document number at which the last page ended, if it came in document order. */
  private documentEnd: number | undefined;

  /** The lowest sequence number, and one past the highest. */
  get range(): SeqNoRange {
    return {
      from: this.frames.reduce((least, { seqNos }) => Math.min(least, seqNos[0]!), Infinity),
      to: this.frames.reduce((most, { seqNos }) => Math.max(most, seqNos.at(-1)! + 1), 0),
    };
  }

  /** As in {@link WrittenSegment}. */
  get end(): number {
    return this.documentEnd ?? this.range.to;
  }

  hasRoomFor(frame: EncodedFrame, chunkSizeBytes: number): boolean {
    return this.bytes + frame.bytes.length <= chunkSizeBytes && this.rawBytes + frame.rawLength <= SEGMENT_MAX_BYTES;
  }

  add(frame: EncodedFrame, documentEnd: number | undefined): void {
    this.frames.push(frame);
    this.bytes += frame.bytes.length;
    this.rawBytes += frame.rawLength;
    this.documentEnd = documentEnd;
  }
}

interface EncodedPage {
  readonly frame: EncodedFrame;
  readonly page: Page;
}

/** Yields the frames in the order of their pages, up to {@link CodecPool.depth} of which are encoded concurrently. */
async function* encodeAll(
  writing: SegmentWriting,
  pages: AsyncIterable<Page>,
  signal: AbortSignal,
): AsyncGenerator<EncodedPage, void, undefined> {
  const underWay: Promise<EncodedPage>[] = [];
  for await (const page of pages) {
    const encoding = writing.pool.encode(page, writing.codec, signal).then((frame) => ({ frame, page }));
    encoding.catch(() => {}); // awaited below, after more was read
    underWay.push(encoding);
    if (underWay.length >= writing.pool.depth) yield await underWay.shift()!;
  }
  for (const encoding of underWay) yield await encoding;
}

function checkOrder(seqNos: Float64Array, from: number, range: SeqNoRange & { readonly repeats?: boolean }): void {
  let least = from;
  const step = range.repeats === true ? 0 : 1;
  for (const seqNo of seqNos) {
    if (seqNo < least || seqNo >= range.to) {
      throw new SnapkeepError(
        'shard_inconsistent',
        `the cluster returned sequence number [${seqNo}] where one of [${least}, ${range.to}) was due`,
      );
    }
    least = seqNo + step;
  }
}

async function putSegment(
  writing: SegmentWriting,
  filling: Filling,
  sealed: boolean,
  signal: AbortSignal,
): Promise<WrittenSegment> {
  const { frames, range, end } = filling;
  const { store, place, codec } = writing;
  // Segments that overlap can have one range: each has a token of its own.
  const attempt = newAttempt();
  const name = segmentNumbersName(place, range, attempt);
  const stored = frames.reduce((sum, frame) => sum + frame.seqNos.length, 0);
  const lists = frames.map(({ seqNos }) => seqNos);
  const [objects, numbers] = await Promise.all([
    putObjects(writing, range, attempt, frames, signal),
    storeNumbers(store, name, lists, { compress: codec !== 'plain', signal }),
  ]);
  const segment: Segment = {
    ...range,
    sealed,
    codec,
    objects,
    frames: frames.map<Frame>(({ bytes, rawLength, seqNos: own }) => ({
      length: bytes.length,
      rawLength,
      documents: own.length,
    })),
    ...numbers,
    deleted: '',
    stored,
    live: stored,
    ...(sealed ? { marks: marksOf(frames) } : {}),
  };
  return { segment, end };
}

/** Returns the marks of the documents with the highest numbers. */
function marksOf(frames: readonly EncodedFrame[]): string[] {
  return frames
    .flatMap(({ seqNos, marks }) => marks.map((mark, i) => ({ seqNo: seqNos.at(-1 - i)!, mark })))
    .sort((a, b) => b.seqNo - a.seqNo)
    .slice(0, MARKS)
    .map(({ seqNo, mark }) => `${seqNo}:${mark}`);
}

async function putObjects(
  writing: SegmentWriting,
  range: SeqNoRange,
  attempt: string,
  frames: readonly EncodedFrame[],
  signal: AbortSignal,
): Promise<ObjectRef[]> {
  const { store, place, codec, chunkSizeBytes } = writing;
  const bytes = frames.length === 1 ? frames[0]!.bytes : Buffer.concat(frames.map((frame) => frame.bytes));
  const parts = Math.ceil(bytes.length / chunkSizeBytes);
  const refs: ObjectRef[] = [];
  for (let part = 1; part <= parts; part++) {
    const body = parts === 1 ? bytes : bytes.subarray((part - 1) * chunkSizeBytes, part * chunkSizeBytes);
    const key = segmentKey(place, range, attempt, codec, parts === 1 ? undefined : part);
    await store.put(key, body, { signal });
    refs.push(referenceTo(key, body));
    const documents = part < parts ? 0 : frames.reduce((sum, frame) => sum + frame.seqNos.length, 0);
    writing.onProgress?.({ documents, rawBytes: 0, storedBytes: body.length });
  }
  return refs;
}
