import { types } from 'node:util';
import { type Worker } from 'node:worker_threads';
import { giveBack, lend } from '../../concurrency/lent-memory';
import { onAbort } from '../../concurrency/on-abort';
import { startThread } from '../../concurrency/start-thread';
import { errorOf, type ThreadFailure } from '../../concurrency/thread-failure';
import { SnapkeepError } from '../../contracts/errors';
import { abortReason, type ClusterRequest, type ClusterResponse, ResponseTooLargeError } from './cluster-http';
import { type ClusterSettings } from './connection';

/** The parts of a request that can be sent to a thread. */
export type ThreadRequest = Pick<ClusterRequest, 'method' | 'path' | 'query' | 'body' | 'maxBytes'>;

/** The messages to the thread. */
export type ThreadTask =
  | { readonly kind: 'request'; readonly id: number; readonly request: ThreadRequest }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'give back'; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'lost' };

/** The messages from the thread; each answers the request `id`. */
export type ThreadAnswer =
  | { readonly kind: 'answered'; readonly id: number; readonly status: number; readonly body: Uint8Array }
  | { readonly kind: 'too-large'; readonly id: number; readonly what: string; readonly maxBytes: number }
  | (ThreadFailure & { readonly id: number });

interface Waiting {
  readonly resolve: (response: ClusterResponse) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends requests with large answers from a separate thread. Answers from 256 KiB on come in lent memory, which their
 * user gives back: memory of their own would make the garbage collector walk the whole heap every few pages. That costs
 * a fifth of all time in the thread of a Temporal worker.
 *
 * Promises the same as `ClusterHttp.request`. The thread starts with the first request, and an idle thread keeps no
 * process alive. If the thread ends, running requests fail with `cluster_unavailable` and the next request starts
 * another thread.
 */
export class HttpThread {
  private thread: Worker | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  constructor(private readonly settings: ClusterSettings) {}

  request(request: ThreadRequest, signal?: AbortSignal): Promise<ClusterResponse> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const thread = (this.thread ??= this.start());
      const id = ++this.lastId;
      const release = onAbort(signal, () => {
        if (!this.take(id)) return;
        thread.postMessage({ kind: 'abort', id } satisfies ThreadTask);
        reject(abortReason(signal!));
      });
      this.waiting.set(id, {
        resolve: (response) => {
          release();
          resolve(response);
        },
        reject: (error) => {
          release();
          reject(error);
        },
      });
      thread.ref();
      const { method, path, query, body, maxBytes } = request;
      thread.postMessage({
        kind: 'request',
        id,
        request: { method, path, query, body, maxBytes },
      } satisfies ThreadTask);
    });
  }

  /** Ends the thread. Running requests fail. */
  async close(): Promise<void> {
    await this.thread?.terminate();
  }

  private start(): Worker {
    const events = {
      onAnswer: (answer: ThreadAnswer) => this.answer(thread, answer),
      onExit: (code: number, cause: unknown) => {
        if (this.thread === thread) this.thread = undefined;
        this.failAll(code, cause);
      },
    };
    const thread = startThread(__dirname, 'http-thread-main', events, this.settings);
    return thread;
  }

  private answer(thread: Worker, answer: ThreadAnswer): void {
    const waiting = this.take(answer.id);
    if (answer.kind === 'answered') {
      const { buffer, byteOffset, byteLength } = answer.body;
      if (types.isSharedArrayBuffer(buffer)) lendFrom(thread, buffer);
      const body = Buffer.from(buffer, byteOffset, byteLength);
      if (waiting === undefined)
        giveBack(body); // aborted before
      else waiting.resolve({ status: answer.status, body });
    } else if (waiting === undefined) return;
    else if (answer.kind === 'too-large') waiting.reject(new ResponseTooLargeError(answer.what, answer.maxBytes));
    else waiting.reject(errorOf(answer));
  }

  private failAll(code: number, cause: unknown): void {
    const text = `the thread that talks to the cluster ended with code ${code}`;
    for (const id of [...this.waiting.keys()]) {
      this.take(id)?.reject(new SnapkeepError('cluster_unavailable', text, { cause }));
    }
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.thread?.unref();
    return waiting;
  }
}

function lendFrom(thread: Worker, memory: SharedArrayBuffer): void {
  lend(
    memory,
    () => thread.postMessage({ kind: 'give back', memory } satisfies ThreadTask),
    () => thread.postMessage({ kind: 'lost' } satisfies ThreadTask),
  );
}
