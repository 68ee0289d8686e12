import { setTimeout as wait } from 'node:timers/promises';
import { type WriteHistory } from './write-history';

/** Writers and a merger that give an index no peace. */
export interface Writing {
  readonly url: string;
  readonly index: string;
  /** Documents that the writers fight over; fewer means more churn. */
  readonly ids: number;
  readonly next: () => number;
  readonly goOn: () => boolean;
  /** Ms at most between a writer's bulks. @default 20 */
  readonly pause?: number;
  /** Told of everything the cluster acknowledges. */
  readonly history?: WriteHistory;
}

/** Settings of an index to write to. */
export const WRITTEN_SETTINGS = {
  refresh_interval: '500ms',
  // Versions go on behind a delete for as long as a test takes, so that `_id` and `_version` name one write.
  gc_deletes: '1h',
};
/** Mappings of an index to write to: a document is three of Lucene's. */
export const WRITTEN_MAPPINGS = { dynamic: false, properties: { inner: { type: 'nested' } } };

interface Operation {
  readonly id: string;
  readonly action: 'index' | 'update' | 'delete';
  readonly routing: string | undefined;
  /** The document, or what an update changes; '' for a delete. */
  readonly body: string;
}

/** Writes every document once. */
export async function writeAll(writing: Writing): Promise<void> {
  for (let first = 0; first < writing.ids; first += 1_000) {
    const count = Math.min(1_000, writing.ids - first);
    await send(
      writing,
      Array.from({ length: count }, (_, i) => index(first + i, writing.next)),
    );
  }
}

/** One writer: it sends its next bulk when the last was acknowledged. */
export async function writeAtRandom(writing: Writing): Promise<void> {
  while (writing.goOn()) {
    await send(
      writing,
      Array.from({ length: 120 }, () => randomOperation(writing)),
    );
    await wait(writing.next() * (writing.pause ?? 20));
  }
}

export async function mergeAtRandom({ url, index, next, goOn }: Omit<Writing, 'ids' | 'history'>): Promise<void> {
  while (goOn()) {
    await wait(300 + next() * 1_000);
    const kind = next();
    const what = kind < 0.4 ? '_forcemerge?max_num_segments=1' : kind < 0.7 ? '_flush' : '_refresh';
    const response = await fetch(`${url}/${index}/${what}`, { method: 'POST' });
    await response.arrayBuffer();
  }
}

function randomOperation({ ids, next }: Writing): Operation {
  // Most writes go to few documents: the others die slowly, so what earlier snapshots copied shrinks bit by bit.
  const number = Math.floor(next() * (next() < 0.8 ? ids / 20 : ids));
  const kind = next();
  if (kind < 0.2) return { id: String(number), action: 'delete', routing: routingOf(number), body: '' };
  if (kind < 0.4 && !isOdd(number)) {
    const body = `{"u":${Math.floor(next() * 1e9)}}`;
    return { id: String(number), action: 'update', routing: routingOf(number), body };
  }
  return index(number, next);
}

function index(number: number, next: () => number): Operation {
  const n = Math.floor(next() * 1e9);
  const noise = Array.from({ length: 12 }, () => Math.floor(next() * 1e9).toString(36)).join(' ');
  const body = isOdd(number)
    ? `{ "n" :\t${n},"f": 1.50, "text":"\\u4e2d 文 ${noise}" , "inner" : [{"a":1},{"a":2}] }`
    : `{"n":${n},"text":"${noise}","inner":[{"a":1},{"a":2}]}`;
  return { id: String(number), action: 'index', routing: routingOf(number), body };
}

/** Documents whose text no cluster would print: never updated in part, which prints them anew. */
function isOdd(number: number): boolean {
  return number % 5 === 0;
}

function routingOf(number: number): string | undefined {
  return number % 2 === 0 ? undefined : `r${number % 7}`;
}

interface Item {
  readonly _seq_no?: number;
  readonly _version?: number;
  readonly status: number;
  readonly error?: unknown;
}

async function send({ url, index: name, history }: Writing, operations: readonly Operation[]): Promise<void> {
  const lines = operations.flatMap(({ id, action, routing, body }) => [
    JSON.stringify({ [action]: { _id: id, routing, ...(action === 'update' ? { retry_on_conflict: 10 } : {}) } }),
    ...(action === 'delete' ? [] : [action === 'update' ? `{"doc":${body},"doc_as_upsert":true}` : body]),
  ]);
  const sent = performance.now();
  const response = await fetch(`${url}/${name}/_bulk`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: `${lines.join('\n')}\n`,
  });
  const text = await response.text();
  const acknowledged = performance.now();
  if (!response.ok) throw new Error(`_bulk: ${response.status} ${text.slice(0, 500)}`);
  const { items } = JSON.parse(text) as { items: Record<string, Item>[] };
  for (const [i, operation] of operations.entries()) {
    const item = items[i][operation.action];
    // Another writer was faster, ten times.
    if (operation.action === 'update' && item.status === 409) continue;
    const isDone = item.status < 300 || (operation.action === 'delete' && item.status === 404);
    if (!isDone || item._seq_no === undefined || item._version === undefined) {
      throw new Error(`${operation.action} of [${operation.id}]: ${JSON.stringify(item)}`);
    }
    history?.add({ ...operation, seqNo: item._seq_no, version: String(item._version), sent, acknowledged });
  }
}
