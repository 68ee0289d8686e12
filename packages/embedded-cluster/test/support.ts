import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { type EmbeddedCluster, type EmbeddedClusterOptions, startEmbeddedCluster } from '../src';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly bytes: Buffer;
  // Tests look into answers freely; what is not there fails the comparison.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly json: any;
}

export type Call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

/** Calls a server: objects go as JSON, text and bytes as they are (as ndjson to `_bulk`). */
export function caller(url: string): Call {
  return async (method, path, body, headers = {}) => {
    const raw =
      typeof body === 'string' || Buffer.isBuffer(body) ? body : body === undefined ? null : JSON.stringify(body);
    const type = path.includes('_bulk') ? 'application/x-ndjson' : 'application/json';
    const response = await request(url + path, {
      method: method as 'GET',
      body: raw,
      headers: { ...(raw === null ? {} : { 'content-type': type }), ...headers },
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    const text = bytes.toString();
    const isJson = String(response.headers['content-type']).includes('json') && text !== '';
    return {
      status: response.statusCode,
      headers: response.headers,
      text,
      bytes,
      json: isJson ? JSON.parse(text) : undefined,
    };
  };
}

export interface TestCluster {
  readonly call: Call;
  readonly cluster: EmbeddedCluster;
  readonly dataDir: string;
  /** Ends it and starts it again on the same data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** An embedded cluster in a folder of its own on a free port; background work runs only when asked for. */
export async function startTestCluster(options: Partial<EmbeddedClusterOptions> = {}): Promise<TestCluster> {
  const dataDir = await mkdtemp(join(tmpdir(), 'snapkeep-cluster-'));
  const start = () => startEmbeddedCluster({ dataDir, port: 0, maintenanceIntervalMs: 0, ...options });
  let cluster = await start();
  let call = caller(cluster.url);
  return {
    call: (...args) => call(...args),
    get cluster() {
      return cluster;
    },
    dataDir,
    async restart() {
      await cluster.close();
      cluster = await start();
      call = caller(cluster.url);
    },
    async stop() {
      await cluster.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Lines of a bulk body. */
export const ndjson = (...lines: unknown[]): string =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');

/** Writes documents `{n}` with ids `prefix0…`, in one shard's order of sequence numbers. */
export async function writeNumbered(call: Call, index: string, count: number, prefix = 'd'): Promise<void> {
  for (let from = 0; from < count; from += 5_000) {
    const lines: string[] = [];
    for (let i = from; i < Math.min(count, from + 5_000); i++)
      lines.push(`{"index":{"_id":"${prefix}${i}"}}\n{"n":${i}}\n`);
    const answer = await call('POST', `/${index}/_bulk?filter_path=errors`, lines.join(''));
    if (answer.json?.errors !== false) throw new Error(`bulk failed: ${answer.text.slice(0, 500)}`);
  }
}
