/** The thread of {@link HttpThread}: sends requests concurrently and answers each when its response is complete. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { threadFailure } from '../../concurrency/thread-failure';
import { ResponseTooLargeError } from './cluster-http';
import { type ClusterSettings } from './connection';
import { type ThreadAnswer, type ThreadRequest, type ThreadTask } from './http-thread';
import { PageHttp } from './page-http';

const port = parentPort as MessagePort;
const http = new PageHttp(workerData as ClusterSettings);
const underWay = new Map<number, AbortController>();

port.on('message', (task: ThreadTask) => {
  if (task.kind === 'abort') underWay.get(task.id)?.abort();
  else void perform(task.id, task.request);
});

async function perform(id: number, request: ThreadRequest): Promise<void> {
  const abort = new AbortController();
  underWay.set(id, abort);
  try {
    const { status, body } = await http.request({ ...request, signal: abort.signal });
    port.postMessage({ kind: 'answered', id, status, body } satisfies ThreadAnswer, [body.buffer]);
  } catch (error) {
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
