/** The two tasks of a codec thread, as plain functions: small tasks run in the caller's thread. */
import { bulkBody, dropDocuments } from './bulk-body';
import { type Codec, compressFrame, decompressFrame } from './codec';
import { lastMarks } from './marks';
import { type OrderedHits } from './page';
import { hitsOf, orderedHitsOf } from './readable-hits';

/** Asks for a page as a frame. */
export interface EncodeTask {
  readonly kind: 'encode';
  /** Body of the page. */
  readonly page: Uint8Array;
  readonly ordered?: OrderedHits;
  readonly codec: Codec;
}

/** One page as a frame, ready to be stored. */
export interface EncodedFrame {
  readonly bytes: Buffer;
  /** Bytes of the `_bulk` body. */
  readonly rawLength: number;
  /** The sequence numbers of its documents, ascending; empty if there are no documents. */
  readonly seqNos: Float64Array;
  /** Marks of its last documents, the last one first. */
  readonly marks: readonly string[];
}

/** Asks for the body of a frame. */
export interface DecodeTask {
  readonly kind: 'decode';
  readonly bytes: Uint8Array;
  readonly codec: Codec;
  readonly rawLength: number;
  readonly documents: number;
  /** Positions of the documents to leave out, ascending. */
  readonly drop: Uint32Array;
}

/** A task of a codec thread. */
export type FrameTask = EncodeTask | DecodeTask;

/** Memory for bodies that are only compressed. It is reused, because new memory costs as much as filling it. */
let scratchMemory = Buffer.alloc(0);
const SCRATCH_MAX_BYTES = 16 * 1024 * 1024;

function scratch(bytes: number): Buffer {
  if (bytes > SCRATCH_MAX_BYTES) return Buffer.allocUnsafeSlow(bytes);
  if (scratchMemory.length < bytes) scratchMemory = Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));
  return scratchMemory.subarray(0, bytes);
}

/**
 * Slices a page into a `_bulk` body, ascending by `_seq_no`, and compresses it. Throws `source_disabled` when a hit has
 * no `_source`, and as {@link hitsOf} and {@link orderedHitsOf} do.
 */
export function encodePage(task: EncodeTask): EncodedFrame {
  const page = asBuffer(task.page);
  const hits = task.ordered === undefined ? hitsOf(page) : orderedHitsOf(page, task.ordered);
  const body = task.codec === 'plain' ? bulkBody(page, hits) : bulkBody(page, hits, scratch);
  const bytes = hits.count === 0 ? Buffer.alloc(0) : compressFrame(task.codec, body);
  return { bytes, rawLength: body.length, seqNos: hits.seqNo.slice(), marks: lastMarks(page, hits) };
}

/**
 * Returns the `_bulk` body of a frame without the documents to drop. Throws as `decompressFrame` and `dropDocuments`
 * do.
 */
export function decodeFrame(task: DecodeTask): Buffer {
  const body = decompressFrame(task.codec, asBuffer(task.bytes), task.rawLength);
  return task.drop.length === 0 ? body : dropDocuments(body, task.documents, task.drop);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
