import { Worker } from 'node:worker_threads';
import { threadFile } from '../../concurrency/thread-file';
import { type ErrorCode, type ErrorDetails, SnapkeepError } from '../../contracts/errors';
import { abortReason, type ClusterRequest, type ClusterResponse, ResponseTooLargeError } from './cluster-http';
import { type ClusterSettings } from './connection';

/** A request that can be handed to a thread. */
export type ThreadRequest = Pick<ClusterRequest, 'method' | 'path' | 'query' | 'body' | 'maxBytes'>;

export type ThreadTask =
  | { readonly kind: 'request'; readonly id: number; readonly request: ThreadRequest }
  | { readonly kind: 'abort'; readonly id: number };

/** Errors as data, since structured clone keeps no class and no code. */
export type ThreadAnswer =
  | { readonly kind: 'answered'; readonly id: number; readonly status: number; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'too-large'; readonly id: number; readonly what: string; readonly maxBytes: number }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: ErrorDetails;
    };

interface Waiting {
  readonly resolve: (response: ClusterResponse) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends requests with large answers from a thread of its own. Receiving allocates memory outside of the JavaScript heap
 * by the megabyte, and every so many megabytes the collector goes through the whole heap to free it: next to nothing in
 * a thread that has only this to do, a fifth of all time in one that holds a Temporal worker.
 *
 * Same promises as `ClusterHttp.request`. The thread starts with the first request and keeps no process alive while it
 * has nothing to do; should it die, what was under way fails with `cluster_unavailable`, and the next request gets
 * another.
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
      const onAbort = () => {
        if (!this.take(id)) return;
        thread.postMessage({ kind: 'abort', id } satisfies ThreadTask);
        reject(abortReason(signal as AbortSignal));
      };
      const done = () => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.set(id, {
        resolve: (response) => {
          done();
          resolve(response);
        },
        reject: (error) => {
          done();
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

  /** Ends the thread; requests under way fail. */
  async close(): Promise<void> {
    await this.thread?.terminate();
  }

  private start(): Worker {
    const thread = new Worker(threadFile(__dirname, 'http-thread-main'), { workerData: this.settings });
    let cause: unknown;
    thread.on('message', (answer: ThreadAnswer) => {
      const waiting = this.take(answer.id);
      if (waiting === undefined) return; // given up meanwhile
      if (answer.kind === 'answered') {
        const { buffer, byteOffset, byteLength } = answer.body;
        waiting.resolve({ status: answer.status, body: Buffer.from(buffer, byteOffset, byteLength) });
      } else if (answer.kind === 'too-large') waiting.reject(new ResponseTooLargeError(answer.what, answer.maxBytes));
      else waiting.reject(new SnapkeepError(answer.code, answer.message, { details: answer.details }));
    });
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', (code) => {
      if (this.thread === thread) this.thread = undefined;
      for (const id of [...this.waiting.keys()]) {
        this.take(id)?.reject(
          new SnapkeepError('cluster_unavailable', `the thread that talks to the cluster ended with code ${code}`, {
            cause,
          }),
        );
      }
    });
    return thread;
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (this.waiting.size === 0) this.thread?.unref();
    return waiting;
  }
}
