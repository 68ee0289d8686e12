import { type BlobStore } from '../../blobs/contract/blob-store';
import { SnapkeepError } from '../../contracts/errors';
import { MAX_SEQ_NO, type SeqNoRange } from '../../contracts/seq-no';
import { type ObjectRef } from '../../contracts/stored';
import { type Codec } from '../../documents/codec';
import { type CodecPool } from '../../documents/codec-pool';
import { type EncodedFrame } from '../../documents/frame-tasks';
import { MARKS } from '../../documents/marks';
import { type Page } from '../../documents/page';
import { type Frame, type Segment } from '../format/format';
import { segmentKey, type ShardPlace } from '../format/keys';
import { SEGMENT_MAX_BYTES } from '../format/limits';
import { referenceTo } from '../format/metadata';
import { encodeRuns } from '../format/number-runs';

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

/**
 * Writes the pages of one range as segments, and yields each once it is stored, so that the caller can record its
 * progress: the next segment begins at the `to` of a yielded one. The segments cover the range: a range without any
 * document yields a segment without objects. A range without end (`to` of {@link MAX_SEQ_NO}) ends behind its last
 * document, and yields nothing if it has none.
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
  range: SeqNoRange & { readonly sealed: boolean },
  signal?: AbortSignal,
): AsyncGenerator<Segment, void, undefined> {
  const stop = new AbortController();
  const inner = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const targetBytes = Math.min(SEGMENT_TARGET_BYTES, writing.chunkSizeBytes);
  let putting: Promise<Segment> | undefined;
  let filling = new Filling(range.from);
  const put = (to: number) => {
    const started = putSegment(writing, filling, { to, sealed: range.sealed }, inner);
    started.catch(() => {}); // awaited below, after more was read
    filling = new Filling(to);
    return started;
  };
  try {
    for await (const frame of encodeAll(writing, pages, inner)) {
      if (frame.seqNos.length === 0) continue;
      checkOrder(frame.seqNos, filling.next, range);
      if (filling.bytes > 0 && !filling.hasRoomFor(frame, writing.chunkSizeBytes)) {
        if (putting !== undefined) yield await putting;
        putting = put(filling.next);
      }
      filling.add(frame);
      writing.onProgress?.({ documents: 0, rawBytes: frame.rawLength, storedBytes: 0 });
      if (filling.bytes >= targetBytes) {
        if (putting !== undefined) yield await putting;
        putting = put(filling.next);
      }
    }
    const end = range.to === MAX_SEQ_NO ? filling.next : range.to;
    const last = filling.from < end ? put(end) : undefined;
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
  /** First sequence number that the next document may have. */
  next: number;

  constructor(readonly from: number) {
    this.next = from;
  }

  hasRoomFor(frame: EncodedFrame, chunkSizeBytes: number): boolean {
    return this.bytes + frame.bytes.length <= chunkSizeBytes && this.rawBytes + frame.rawLength <= SEGMENT_MAX_BYTES;
  }

  add(frame: EncodedFrame): void {
    this.frames.push(frame);
    this.bytes += frame.bytes.length;
    this.rawBytes += frame.rawLength;
    this.next = frame.seqNos.at(-1)! + 1;
  }
}

/** Yields the frames in the order of their pages, up to {@link CodecPool.depth} of which are encoded concurrently. */
async function* encodeAll(
  writing: SegmentWriting,
  pages: AsyncIterable<Page>,
  signal: AbortSignal,
): AsyncGenerator<EncodedFrame, void, undefined> {
  const underWay: Promise<EncodedFrame>[] = [];
  for await (const page of pages) {
    const encoding = writing.pool.encode(page, writing.codec, signal);
    encoding.catch(() => {}); // awaited below, after more was read
    underWay.push(encoding);
    if (underWay.length >= writing.pool.depth) yield await underWay.shift()!;
  }
  for (const encoding of underWay) yield await encoding;
}

function checkOrder(seqNos: Float64Array, from: number, range: SeqNoRange): void {
  let least = from;
  for (const seqNo of seqNos) {
    if (seqNo < least || seqNo >= range.to) {
      throw new SnapkeepError(
        'shard_inconsistent',
        `the cluster returned sequence number [${seqNo}] where one of [${least}, ${range.to}) was due`,
      );
    }
    least = seqNo + 1;
  }
}

async function putSegment(
  writing: SegmentWriting,
  { from, frames }: Filling,
  { to, sealed }: { to: number; sealed: boolean },
  signal: AbortSignal,
): Promise<Segment> {
  const seqNos = new Float64Array(frames.reduce((sum, frame) => sum + frame.seqNos.length, 0));
  let at = 0;
  for (const frame of frames) {
    seqNos.set(frame.seqNos, at);
    at += frame.seqNos.length;
  }
  return {
    from,
    to,
    sealed,
    codec: writing.codec,
    objects: frames.length === 0 ? [] : await putObjects(writing, { from, to }, frames, signal),
    frames: frames.map<Frame>(({ bytes, rawLength, seqNos: own }) => ({
      length: bytes.length,
      rawLength,
      documents: own.length,
    })),
    seqNos: encodeRuns(seqNos),
    deleted: '',
    stored: seqNos.length,
    live: seqNos.length,
    ...(sealed && frames.length > 0 ? { marks: marksOf(frames) } : {}),
  };
}

/** Returns the marks of the last documents without a gap, because the position of a mark identifies its document. */
function marksOf(frames: readonly EncodedFrame[]): string[] {
  const marks: string[] = [];
  for (const frame of frames.toReversed()) {
    marks.push(...frame.marks);
    if (marks.length >= MARKS || frame.marks.length < frame.seqNos.length) break;
  }
  return marks.slice(0, MARKS);
}

async function putObjects(
  writing: SegmentWriting,
  range: SeqNoRange,
  frames: readonly EncodedFrame[],
  signal: AbortSignal,
): Promise<ObjectRef[]> {
  const { store, place, attempt, codec, chunkSizeBytes } = writing;
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
