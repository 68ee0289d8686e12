/** A thread of the codec pool: performs one task at a time and answers in order. */
import { parentPort } from 'node:worker_threads';
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
});

function perform(task: FrameTask, transfer: ArrayBuffer[]): ThreadAnswer {
  try {
    if (task.kind === 'decode') return { kind: 'decoded', body: owned(decodeFrame(task), transfer) };
    const { bytes, ...frame } = encodePage(task);
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
