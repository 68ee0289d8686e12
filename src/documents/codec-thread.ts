/** A thread of the codec pool: one task at a time, answered in order. */
import { parentPort } from 'node:worker_threads';
import { type ErrorCode, isSnapkeepError } from '../contracts/errors';
import { decodeFrame, encodePage, type FrameTask } from './frame-tasks';

/** What a thread answers; errors as data, since structured clone keeps no class and no code. */
export type ThreadAnswer =
  | {
      readonly kind: 'encoded';
      readonly bytes: Uint8Array;
      readonly rawLength: number;
      readonly seqNos: Float64Array;
      readonly marks: readonly string[];
    }
  | { readonly kind: 'decoded'; readonly body: Uint8Array }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

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
    if (isSnapkeepError(error)) return { kind: 'failed', code: error.code, message: error.message };
    return {
      kind: 'failed',
      code: 'internal',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

/** Bytes with memory of their own are handed over, others (of a pool, of a library) copied by the message. */
function owned(bytes: Buffer, transfer: ArrayBuffer[]): Uint8Array {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  const own = whole && bytes.buffer instanceof ArrayBuffer && bytes.byteLength > 0;
  if (!own) return Uint8Array.prototype.slice.call(bytes);
  transfer.push(bytes.buffer as ArrayBuffer);
  return bytes;
}
