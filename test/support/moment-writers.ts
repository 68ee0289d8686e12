import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningSnapkeep } from './running-snapkeep';

/** Ms between two writes of one writer: the cluster has to read, too. */
const PAUSE_MS = 3;

/** A document that was written, with the times before and after its request, ms. */
interface Written {
  readonly id: string;
  readonly startMillis: number;
  ackMillis: number;
}

/** Writers that write one document after the other, each to the next index in turn. */
export class MomentWriters {
  private readonly written: Written[] = [];
  private stopped = false;
  private running: Promise<void>[] = [];

  /** @param indices receive documents; a document's shard follows from its id. */
  constructor(
    private readonly url: string,
    private readonly indices: readonly string[],
  ) {}

  start(writers: number): void {
    this.running = Array.from({ length: writers }, (_, writer) => this.write(writer));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  /**
   * Returns by how much the shards of a snapshot differ at least, ms: the time between the end of writing a document
   * that is missing and the begin of writing one that is there. 0 if the documents can be of one moment.
   */
  apart(ids: ReadonlySet<string>): number {
    const missing = this.written.filter((one) => !ids.has(one.id)).map((one) => one.ackMillis);
    const present = this.written.filter((one) => ids.has(one.id)).map((one) => one.startMillis);
    return Math.max(0, Math.max(...present, -Infinity) - Math.min(...missing, Infinity));
  }

  get count(): number {
    return this.written.length;
  }

  private async write(writer: number): Promise<void> {
    for (let n = 0; !this.stopped; n++) {
      const index = this.indices[n % this.indices.length]!;
      const one = { id: `w${writer}-${n}`, startMillis: Date.now(), ackMillis: Infinity };
      this.written.push(one);
      const response = await fetch(`${this.url}/${index}/_doc/${one.id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: `{"at":${one.startMillis}}`,
      });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`a write was answered ${response.status}`);
      one.ackMillis = Date.now();
      await sleep(PAUSE_MS);
    }
  }
}

/** Returns the ids of the writers' documents in indices. */
export async function writtenIds(call: RunningSnapkeep['call'], indices: readonly string[]): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const index of indices) {
    await call('POST', `/${index}/_refresh`);
    let after: unknown[] | undefined;
    for (;;) {
      const { json } = await call('POST', `/${index}/_search`, {
        size: 5_000,
        _source: false,
        query: { range: { at: { gte: 0 } } },
        sort: [{ at: 'asc' }, { _seq_no: 'asc' }],
        ...(after === undefined ? {} : { search_after: after }),
      });
      const hits = json.hits.hits as { _id: string; sort: unknown[] }[];
      for (const hit of hits) ids.add(hit._id);
      if (hits.length < 5_000) break;
      after = hits.at(-1)!.sort;
    }
  }
  return ids;
}
