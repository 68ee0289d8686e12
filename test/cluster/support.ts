import { type Cluster } from '../../src/cluster/cluster';
import { type ShardTarget } from '../../src/cluster/reading/document-reader';
import { type Page } from '../../src/documents/page';
import { orderedHitsOf } from '../../src/documents/readable-hits';
import { scanHits } from '../../src/documents/scan-hits';

/** What a suite runs against. `url` is asked when tests run: the cluster is started before. */
export interface ClusterUnderTest {
  readonly url: () => string;
  /** The small cluster of `npm start` leaves a few things out. */
  readonly embedded?: boolean;
}

export type Json = Record<string, unknown>;

/** Plain requests, to set the stage without the code under test. Throws for an error status. */
export class Rest {
  constructor(private readonly url: () => string) {}

  async call(method: string, path: string, body?: Json | string): Promise<Json> {
    const text = typeof body === 'object' ? JSON.stringify(body) : body;
    const response = await fetch(this.url() + path, {
      method,
      headers: { 'content-type': path.includes('_bulk') ? 'application/x-ndjson' : 'application/json' },
      body: text,
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.slice(0, 500)}`);
    return (answer === '' ? {} : JSON.parse(answer)) as Json;
  }

  async createIndex(name: string, settings: Json = {}, mappings?: Json): Promise<void> {
    await this.call('PUT', `/${name}`, {
      settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '-1', ...settings },
      ...(mappings ? { mappings } : {}),
    });
  }

  /** Action and source lines; throws if one was refused. */
  async bulk(index: string, lines: readonly string[]): Promise<void> {
    const answer = await this.call('POST', `/${index}/_bulk?filter_path=errors,items.*.error`, `${lines.join('\n')}\n`);
    if (answer.errors !== false) throw new Error(JSON.stringify(answer).slice(0, 1_000));
  }

  async refresh(index: string): Promise<void> {
    await this.call('POST', `/${index}/_refresh`);
  }

  async deleteIndices(...names: string[]): Promise<void> {
    for (const name of names) await fetch(`${this.url()}/${name}`, { method: 'DELETE' });
  }
}

export function shardOf(index: string, options: Partial<ShardTarget> = {}): ShardTarget {
  return { index, shard: 0, bytesPerDocument: 400, primaryOnly: false, ...options };
}

export interface ReadDocument {
  readonly id: string;
  readonly routing?: string;
  readonly version: string;
  readonly seqNo: number;
  /** Raw text. */
  readonly source: string;
}

/** All documents of some pages, as strings. */
export async function collect(pages: AsyncIterable<Page>): Promise<ReadDocument[]> {
  const documents: ReadDocument[] = [];
  for await (const { body: page, ordered } of pages) {
    const hits = ordered === undefined ? scanHits(page) : orderedHitsOf(page, ordered);
    for (let i = 0; i < hits.count; i++) {
      const routing =
        hits.routingStart[i] < 0 ? undefined : page.toString('utf8', hits.routingStart[i], hits.routingEnd[i]);
      documents.push({
        id: JSON.parse(page.toString('utf8', hits.idStart[i], hits.idEnd[i])) as string,
        ...(routing === undefined ? {} : { routing: JSON.parse(routing) as string }),
        version: page.toString('utf8', hits.versionStart[i], hits.versionEnd[i]),
        seqNo: hits.seqNo[i],
        source: page.toString('utf8', hits.sourceStart[i], hits.sourceEnd[i]),
      });
    }
  }
  return documents;
}

/** The code of the failure that `work` ends with, and its message. */
export async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await work;
  } catch (error) {
    return { code: (error as { code?: string }).code ?? (error as Error).name, message: (error as Error).message };
  }
  return { code: 'none', message: '' };
}

/** Everything of a cluster a suite opened is closed by it. */
export async function closeCluster(cluster: Cluster | undefined): Promise<void> {
  await cluster?.close();
}
