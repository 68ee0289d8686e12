/** The thread of {@link HttpThread}: sends requests concurrently and answers each when its response is complete. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { collectWhenIdle } from '../../concurrency/collect-garbage';
import { threadFailure } from '../../concurrency/thread-failure';
import { ResponseTooLargeError } from './cluster-http';
import { type ClusterSettings } from './connection';
import { type ThreadAnswer, type ThreadRequest, type ThreadTask } from './http-thread';
import { PageHttp } from './page-http';
import { SharedPages } from './shared-pages';

const port = parentPort as MessagePort;
const http = new PageHttp(workerData as ClusterSettings);
const underWay = new Map<number, AbortController>();

const pages = new SharedPages();
const worked = collectWhenIdle(() => pages.forget());

port.on('message', (task: ThreadTask) => {
  worked();
  if (task.kind === 'abort') underWay.get(task.id)?.abort();
  else if (task.kind === 'give back') pages.giveBack(task.memory);
  else if (task.kind === 'lost') pages.lose();
  else void perform(task.id, task.request);
});

async function perform(id: number, request: ThreadRequest): Promise<void> {
  const abort = new AbortController();
  underWay.set(id, abort);
  let shared: Buffer<SharedArrayBuffer> | undefined;
  const allocate = (bytes: number): Buffer => (shared = pages.take(bytes)) ?? Buffer.allocUnsafeSlow(bytes);
  try {
    const { status, body } = await http.request({ ...request, signal: abort.signal }, allocate);
    // A body that came in chunks has memory of its own.
    if (shared === undefined && (shared = pages.take(body.length)) !== undefined) shared.set(body);
    const transfer = shared === undefined ? [body.buffer as ArrayBuffer] : [];
    port.postMessage({ kind: 'answered', id, status, body: shared ?? body } satisfies ThreadAnswer, transfer);
  } catch (error) {
    if (shared !== undefined) pages.lose();
    port.postMessage(failed(id, error));
  } finally {
    underWay.delete(id);
  }
}

function failed(id: number, error: unknown): ThreadAnswer {
  if (error instanceof ResponseTooLargeError) {
    return { kind: 'too-large', id, what: error.what, maxBytes: error.maxBytes };
  }
  return { id, ...threadFailure(error) };
}
