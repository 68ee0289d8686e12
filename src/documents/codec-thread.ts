/** A thread of the codec pool: performs one task at a time and answers in order. */
import { types } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { collectYoung } from '../concurrency/collect-garbage';
import { type ThreadFailure, threadFailure } from '../concurrency/thread-failure';
import { decodeFrame, encodePage, type FrameTask } from './frame-tasks';

/** The answer to one task. */
export type ThreadAnswer =
  | {
      readonly kind: 'encoded';
      readonly bytes: Uint8Array;
      readonly rawLength: number;
      readonly seqNos: Float64Array;
      readonly marks: readonly string[];
    }
  | { readonly kind: 'decoded'; readonly body: Uint8Array }
  | ThreadFailure;

const port = parentPort;
port?.on('message', (task: FrameTask) => {
  const transfer: ArrayBuffer[] = [];
  const answer = perform(task, transfer);
  port.postMessage(answer, transfer);
  collectYoung();
});

function perform(task: FrameTask, transfer: ArrayBuffer[]): ThreadAnswer {
  try {
    if (task.kind === 'decode') return { kind: 'decoded', body: owned(decodeFrame(task), transfer) };
    const { bytes, ...frame } = encodePage({ ...task, page: unshared(task.page) });
    return { kind: 'encoded', bytes: owned(bytes, transfer), ...frame };
  } catch (error) {
    return threadFailure(error);
  }
}

/** Hands over bytes that own their memory, by `transfer`. Returns a copy of others: a pool or a library owns theirs. */
function owned(bytes: Buffer, transfer: ArrayBuffer[]): Uint8Array {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const own = whole && bytes.buffer instanceof ArrayBuffer && bytes.byteLength > 0;
  if (!own) return Uint8Array.prototype.slice.call(bytes);
  transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}

/** Memory for the copy of a page, used again for each page up to this size. */
let ownMemory = new Uint8Array(0);
const OWN_MAX_BYTES = 16 * 1024 * 1024;

/**
 * Returns a copy of a page in shared memory. From there, V8 copies documents byte by byte, but a whole page word by
 * word.
 */
function unshared(page: Uint8Array): Uint8Array {
  if (!types.isSharedArrayBuffer(page.buffer)) return page;
  if (page.length > OWN_MAX_BYTES) return new Uint8Array(page);
  if (ownMemory.length < page.length) ownMemory = new Uint8Array(Math.ceil(page.length * 1.25));
  ownMemory.set(page);
  return ownMemory.subarray(0, page.length);
}
