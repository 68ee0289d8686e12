/** The two tasks of a codec thread, as plain functions; small ones run where they are asked for. */
import { bulkBody, dropDocuments } from './bulk-body';
import { type Codec, compressFrame, decompressFrame } from './codec';
import { lastMarks } from './marks';
import { hitsOf } from './readable-hits';

export interface EncodeTask {
  readonly kind: 'encode';
  /** Body of one search response. */
  readonly page: Uint8Array;
  readonly codec: Codec;
}

/** One page as a frame, ready to be stored. */
export interface EncodedFrame {
  readonly bytes: Buffer;
  /** Bytes of the `_bulk` body. */
  readonly rawLength: number;
  /** Sequence numbers of its documents in their order: as many as there are documents, maybe none. */
  readonly seqNos: Float64Array;
  /** Marks of its last documents, the last one first. */
  readonly marks: readonly string[];
}

export interface DecodeTask {
  readonly kind: 'decode';
  readonly bytes: Uint8Array;
  readonly codec: Codec;
  readonly rawLength: number;
  readonly documents: number;
  /** Positions of the documents to leave out, ascending. */
  readonly drop: Uint32Array;
}

export type FrameTask = EncodeTask | DecodeTask;

/** A body that is only compressed is made where the last one was: fresh memory costs as much as filling it. */
let scratchMemory = Buffer.alloc(0);
const SCRATCH_MAX_BYTES = 16 * 1024 * 1024;

function scratch(bytes: number): Buffer {
  if (bytes > SCRATCH_MAX_BYTES) return Buffer.allocUnsafeSlow(bytes);
  if (scratchMemory.length < bytes) scratchMemory = Buffer.allocUnsafeSlow(Math.ceil(bytes * 1.25));
  return scratchMemory.subarray(0, bytes);
}

/**
 * Slices a search response into a `_bulk` body and compresses it. Throws `source_disabled`, and as {@link hitsOf}
 * does.
 */
export function encodePage(task: EncodeTask): EncodedFrame {
  const page = asBuffer(task.page);
  const hits = hitsOf(page);
  const body = task.codec === 'plain' ? bulkBody(page, hits) : bulkBody(page, hits, scratch);
  const bytes = hits.count === 0 ? Buffer.alloc(0) : compressFrame(task.codec, body);
  return { bytes, rawLength: body.length, seqNos: hits.seqNo.slice(), marks: lastMarks(page, hits) };
}

/** The `_bulk` body of a frame without the documents to drop. Throws as `decompressFrame` and `dropDocuments` do. */
export function decodeFrame(task: DecodeTask): Buffer {
  const body = decompressFrame(task.codec, asBuffer(task.bytes), task.rawLength);
  return task.drop.length === 0 ? body : dropDocuments(body, task.documents, task.drop);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
