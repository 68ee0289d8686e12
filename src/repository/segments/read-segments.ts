import { type BlobStore } from '../../blobs/contract/blob-store';
import { SnapkeepError } from '../../contracts/errors';
import { type CodecPool } from '../../documents/codec-pool';
import { type Segment } from '../format/format';
import { getChecked } from '../format/metadata';
import { decodeRuns } from '../format/number-runs';
import { positionsOf, within } from './ascending-numbers';
import { readNumbers } from './segment-numbers';

/** Bytes of bodies that are decoded ahead; a larger frame is decoded alone. */
const DECODED_AT_ONCE_BYTES = 64 * 1024 * 1024;

/** A whole `_bulk` body, ready to be sent. */
export interface BulkFrame {
  /** Position of the segment in the list, and of the frame in it: a cursor from which reading can be resumed. */
  readonly segment: number;
  readonly frame: number;
  readonly body: Buffer;
  /** Documents in the body: at least one. */
  readonly documents: number;
}

/** Holds the store and the settings with which segments are read. */
interface ReadSegments {
  readonly store: BlobStore;
  readonly pool: CodecPool;
  /** The first frame to read; the very first if unset. */
  readonly from?: { readonly segment: number; readonly frame: number };
  readonly signal?: AbortSignal;
  /** Called with the stored bytes of each object once it is read. */
  readonly onRead?: (bytes: number) => void;
}

/**
 * Yields the live documents of the segments as `_bulk` bodies, in stored order; frames without a live document are left
 * out. Every object is read whole and its hash is checked before a byte of it is used.
 *
 * While the second half of a segment's frames is decoded, the next segment is read. Two segments (of about 8 MiB each,
 * more only if one document is larger) and at most `CodecPool.depth` bodies are in memory besides the one in use.
 *
 * Throws `repository_corrupt` if an object is missing, damaged, or does not match its manifest; what the store throws.
 */
export async function* readSegments(
  segments: readonly Segment[],
  reading: ReadSegments,
): AsyncGenerator<BulkFrame, void, undefined> {
  const { from = { segment: 0, frame: 0 }, signal } = reading;
  const stop = new AbortController();
  const inner = { ...reading, signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]) };
  const fetch = (i: number) => {
    const segment = segments[i];
    if (segment === undefined) return undefined;
    const fetching = fetchSegment(segment, inner);
    fetching.catch(() => {}); // awaited below, when its turn comes
    return fetching;
  };
  let next: Promise<Buffer> | undefined;
  try {
    for (const [k, segment] of segments.slice(from.segment).entries()) {
      const i = from.segment + k;
      const bytes = await (next ?? fetch(i))!;
      next = undefined;
      const firstFrame = k === 0 ? from.frame : 0;
      for await (const frame of decodeSegment(segment, bytes, firstFrame, inner)) {
        if (frame.frame * 2 >= segment.frames.length) next ??= fetch(i + 1);
        yield { segment: i, ...frame };
      }
    }
  } finally {
    stop.abort(new SnapkeepError('internal', 'reading of segments was abandoned'));
    await next?.catch(() => {});
  }
}

async function fetchSegment(segment: Segment, { store, signal, onRead }: ReadSegments): Promise<Buffer> {
  const objects: Buffer[] = [];
  for (const ref of segment.objects) {
    objects.push(
      await getChecked(store, ref, { signal }).catch((error: unknown) =>
        Promise.reject(missingIsDamage(error, ref.key)),
      ),
    );
    onRead?.(ref.length);
  }
  return objects.length === 1 ? objects[0]! : Buffer.concat(objects);
}

async function* decodeSegment(
  segment: Segment,
  bytes: Buffer,
  firstFrame: number,
  { store, pool, signal }: ReadSegments,
): AsyncGenerator<Omit<BulkFrame, 'segment'>, void, undefined> {
  const drops = await droppedOf(segment, store, signal);
  const decoding: { frame: number; documents: number; rawLength: number; body: Promise<Buffer> }[] = [];
  let start = 0; // byte at which the frame begins
  for (const [frame, { length, rawLength, documents }] of segment.frames.entries()) {
    const drop = drops[frame]!;
    const piece = bytes.subarray(start, start + length);
    start += length;
    if (frame < firstFrame || drop.length === documents) continue;
    const room = DECODED_AT_ONCE_BYTES - rawLength;
    while (decoding.length > 0 && decoding.reduce((sum, one) => sum + one.rawLength, 0) > room) {
      yield await settled(decoding.shift());
    }
    const body = pool.decode({ bytes: piece, codec: segment.codec, rawLength, documents, drop }, signal);
    body.catch(() => {}); // awaited below
    decoding.push({ frame, documents: documents - drop.length, rawLength, body });
    if (decoding.length >= pool.depth) yield await settled(decoding.shift());
  }
  if (start !== bytes.length) {
    throw new SnapkeepError(
      'repository_corrupt',
      `segment [${segment.from}, ${segment.to}) does not have the frames that its manifest says`,
    );
  }
  for (const one of decoding) yield await settled(one);
}

/** Returns, for each frame, the positions of documents that are deleted. Throws `repository_corrupt`. */
async function droppedOf(
  segment: Segment,
  store: BlobStore,
  signal: AbortSignal | undefined,
): Promise<readonly Uint32Array<ArrayBuffer>[]> {
  const count = segment.stored - segment.live;
  if (count === 0) return segment.frames.map(() => new Uint32Array(0));
  const deleted = decodeRuns(segment.deleted, count);
  const lists = await readNumbers(store, segment, { signal }).catch((error: unknown) =>
    Promise.reject(missingIsDamage(error, segment.numbers?.object.key ?? '')),
  );
  const drops = lists.map((list) => positionsOf(list, within(deleted, list[0]!, list.at(-1)! + 1)));
  if (drops.reduce((sum, drop) => sum + drop.length, 0) !== count) {
    throw new SnapkeepError(
      'repository_corrupt',
      `segment [${segment.from}, ${segment.to}) does not hold the ${count} documents that were deleted from it`,
    );
  }
  return drops;
}

async function settled(
  decoding: { frame: number; documents: number; body: Promise<Buffer> } | undefined,
): Promise<Omit<BulkFrame, 'segment'>> {
  const { frame, documents, body } = decoding as NonNullable<typeof decoding>;
  return { frame, documents, body: await body };
}

function missingIsDamage(error: unknown, key: string): unknown {
  if (!(error instanceof SnapkeepError) || error.code !== 'blob_missing') return error;
  return new SnapkeepError('repository_corrupt', `object [${key}] is missing, though a manifest names it`, {
    cause: error,
  });
}
