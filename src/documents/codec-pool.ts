import { types } from 'node:util';
import { type Worker } from 'node:worker_threads';
import { giveBack } from '../concurrency/lent-memory';
import { onAbort } from '../concurrency/on-abort';
import { startThread } from '../concurrency/start-thread';
import { errorOf } from '../concurrency/thread-failure';
import { SnapkeepError } from '../contracts/errors';
import { type ThreadAnswer } from './codec-thread';
import {
  decodeFrame,
  type DecodeTask,
  type EncodedFrame,
  encodePage,
  type EncodeTask,
  type FrameTask,
} from './frame-tasks';
import { type Page } from './page';

/** Smaller tasks run in the caller's thread: they take a few hundred microseconds, less than starting a thread. */
const INLINE_BYTES = 128 * 1024;

interface Waiting {
  readonly task: FrameTask;
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Encodes and decodes frames in worker threads and starts the tasks in the order of the calls. A thread starts when it
 * is first needed, and an idle thread does not keep the process alive. If a thread ends, only its own task fails and
 * the next task gets a new thread.
 *
 * Because waiting tasks hold their pages, callers limit themselves: each reader or writer of a shard has at most {@link
 * CodecPool.depth} unfinished tasks.
 */
export class CodecPool {
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<Worker, Waiting>();
  private readonly waiting: Waiting[] = [];
  private closed = false;

  /** @param threads the largest number of threads. */
  constructor(readonly threads = 2) {
    if (!Number.isInteger(threads) || threads < 1) {
      throw new SnapkeepError(
        'illegal_argument_exception',
        `[${threads}] is not a valid number of threads; give a positive integer`,
      );
    }
  }

  /** Largest number of unfinished tasks per caller: it keeps every thread busy while the caller collects a result. */
  get depth(): number {
    return this.threads + 1;
  }

  /**
   * Returns the page as a compressed `_bulk` body. Throws as `encodePage` does. The page's memory is transferred to the
   * thread, or given back if it is lent, so that the caller must not use it again.
   */
  async encode(page: Page, codec: EncodeTask['codec'], signal?: AbortSignal): Promise<EncodedFrame> {
    const task: EncodeTask = { kind: 'encode', page: page.body, ordered: page.ordered, codec };
    signal?.throwIfAborted();
    if (page.body.length <= INLINE_BYTES) return encodePage(task);
    const answer = await this.perform(task, signal);
    // Not after an abort: the thread may still read the page.
    giveBack(page.body);
    if (answer.kind !== 'encoded') throw unexpected(answer);
    return { bytes: asBuffer(answer.bytes), rawLength: answer.rawLength, seqNos: answer.seqNos, marks: answer.marks };
  }

  /**
   * Returns the frame's body without the documents to drop. Throws as `decodeFrame` does. `bytes` are not transferred.
   */
  async decode(job: Omit<DecodeTask, 'kind'>, signal?: AbortSignal): Promise<Buffer> {
    const task: DecodeTask = { ...job, kind: 'decode' };
    signal?.throwIfAborted();
    if (job.rawLength <= INLINE_BYTES) return decodeFrame(task);
    const answer = await this.perform(task, signal);
    if (answer.kind !== 'decoded') throw unexpected(answer);
    return asBuffer(answer.body);
  }

  /** Ends the threads. Unfinished tasks fail. */
  async close(): Promise<void> {
    this.closed = true;
    for (const { reject } of this.waiting.splice(0)) reject(closedError());
    const threads = [...this.idle.splice(0), ...this.busy.keys()];
    await Promise.all(threads.map((thread) => thread.terminate()));
  }

  private perform(task: FrameTask, signal?: AbortSignal): Promise<ThreadAnswer> {
    return new Promise<ThreadAnswer>((resolve, reject) => {
      if (this.closed) return reject(closedError());
      const release = onAbort(signal, (reason) => {
        const place = this.waiting.indexOf(entry);
        if (place >= 0) this.waiting.splice(place, 1);
        reject(reason); // a task that runs is not stopped; its answer is dropped
      });
      const entry: Waiting = {
        task,
        resolve: (answer) => {
          release();
          resolve(answer);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      };
      this.waiting.push(entry);
      this.next();
    });
  }

  private next(): void {
    while (this.waiting.length > 0) {
      const thread = this.idle.pop() ?? (this.busy.size < this.threads ? this.start() : undefined);
      if (thread === undefined) return;
      const entry = this.waiting.shift() as Waiting;
      this.busy.set(thread, entry);
      thread.ref();
      try {
        send(thread, entry.task);
      } catch (error) {
        this.release(thread);
        entry.reject(error);
      }
    }
  }

  private release(thread: Worker): Waiting | undefined {
    const entry = this.busy.get(thread);
    this.busy.delete(thread);
    thread.unref();
    if (!this.closed) this.idle.push(thread);
    return entry;
  }

  private start(): Worker {
    const thread = startThread<ThreadAnswer>(__dirname, 'codec-thread', {
      onAnswer: (answer) => {
        const entry = this.release(thread);
        if (answer.kind === 'failed') entry?.reject(errorOf(answer));
        else entry?.resolve(answer);
        this.next();
      },
      onExit: (code, cause) => {
        const entry = this.busy.get(thread);
        this.busy.delete(thread);
        const place = this.idle.indexOf(thread);
        if (place >= 0) this.idle.splice(place, 1);
        entry?.reject(this.closed ? closedError() : diedError(code, cause));
        this.next();
      },
    });
    return thread;
  }
}

/**
 * Sends a page in shared memory as it is, and transfers another one: a page that fills half of its memory owns it. A
 * frame, a slice of an object, is copied.
 */
function send(thread: Worker, task: FrameTask): void {
  if (task.kind === 'encode' && types.isSharedArrayBuffer(task.page.buffer)) return thread.postMessage(task);
  if (task.kind === 'encode' && task.page.byteLength * 2 >= task.page.buffer.byteLength) {
    try {
      return thread.postMessage(task, [task.page.buffer as ArrayBuffer]);
    } catch {
      // memory that belongs to a library can't be transferred
    }
  }
  const copy = (bytes: Uint8Array) => Uint8Array.prototype.slice.call(bytes);
  thread.postMessage(
    task.kind === 'encode' ? { ...task, page: copy(task.page) } : { ...task, bytes: copy(task.bytes) },
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unexpected(answer: ThreadAnswer): SnapkeepError {
  return new SnapkeepError('internal', `a codec thread answered [${answer.kind}]`);
}

function closedError(): SnapkeepError {
  return new SnapkeepError('internal', 'the codec pool is closed');
}

function diedError(code: number, cause: unknown): SnapkeepError {
  return new SnapkeepError('worker_unavailable', `a codec thread ended with code ${code}`, { cause });
}
