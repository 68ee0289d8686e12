import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { availableEngines, type Engine, type EngineName, startEngine } from '../support/engines';

interface Answer<T> {
  readonly status: number;
  readonly body: T;
}

interface Shards {
  readonly _shards: { readonly failed: number };
}

interface SearchBody extends Shards {
  readonly _scroll_id?: string;
  readonly hits: { readonly hits: ReadonlyArray<{ _id: string; _seq_no: number; _source: unknown }> };
  readonly aggregations: Aggregations & { readonly all?: Aggregations };
}

interface Aggregations {
  readonly ranges: { readonly buckets: ReadonlyArray<{ doc_count: number }> };
  readonly top: { readonly value: number };
}

interface StatsBody {
  readonly indices: Record<
    string,
    {
      readonly shards: Record<
        string,
        ReadonlyArray<{
          readonly seq_no: { readonly max_seq_no: number; readonly global_checkpoint: number };
          readonly commit: { readonly user_data: { readonly history_uuid: string } };
        }>
      >;
    }
  >;
}

async function ask<T>(engine: Engine, method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const bulk = typeof body === 'string';
  const response = await fetch(`${engine.url}${path}`, {
    method,
    headers: { 'content-type': bulk ? 'application/x-ndjson' : 'application/json' },
    body: body === undefined ? undefined : bulk ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T };
}

const AGGREGATIONS = {
  ranges: { range: { field: '_seq_no', ranges: [{ to: 2 }, { from: 2, to: 10 }] } },
  top: { max: { field: '_seq_no' } },
};
const SEARCH = {
  size: 10,
  seq_no_primary_term: true,
  sort: [{ _seq_no: 'asc' }],
  query: { range: { _seq_no: { gte: 0, lt: 10 } } },
};

/** Reads shard 0 and its counts in a view, in the way the engine has. */
async function readShard(engine: Engine): Promise<SearchBody> {
  const only = 'preference=_shards:0';
  if (engine.name === 'elasticsearch-7.10') {
    const first = await ask<SearchBody>(engine, 'POST', `/things/_search?scroll=1m&${only}`, {
      ...SEARCH,
      aggs: { all: { global: {}, aggs: AGGREGATIONS } },
    });
    expect(first.status).toBe(200);
    const closed = await ask(engine, 'DELETE', '/_search/scroll', { scroll_id: first.body._scroll_id });
    expect(closed.status).toBe(200);
    return { ...first.body, aggregations: first.body.aggregations.all! };
  }
  const isOpenSearch = engine.name.startsWith('opensearch');
  const open = isOpenSearch ? '_search/point_in_time' : '_pit';
  const opened = await ask<{ id?: string; pit_id?: string }>(engine, 'POST', `/things/${open}?keep_alive=1m&${only}`);
  expect(opened.status).toBe(200);
  const id = opened.body.id ?? opened.body.pit_id;
  const found = await ask<SearchBody>(engine, 'POST', '/_search', { ...SEARCH, pit: { id }, aggs: AGGREGATIONS });
  const closing = isOpenSearch ? { path: '/_search/point_in_time', body: { pit_id: [id] } } : null;
  const closed = await ask(engine, 'DELETE', closing?.path ?? '/_pit', closing?.body ?? { id });
  expect(closed.status).toBe(200);
  expect(found.status).toBe(200);
  return found.body;
}

const ENGINES = availableEngines();

for (const { title, missing } of ENGINES.filter((engine) => engine.missing !== undefined)) {
  test.skip(`${title} is left out: ${missing}`, () => {});
}

const RUNNABLE = ENGINES.filter((engine) => engine.missing === undefined);

(RUNNABLE.length > 0 ? describe.each(RUNNABLE) : describe.skip.each(ENGINES))('$title', ({ name, version }) => {
  let dataDir: string;
  let engine: Engine;

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), `snapkeep-${name}-`));
    engine = await startEngine(name as EngineName, { dataDir, javaHeap: '512m' });
    await ask(engine, 'PUT', '/things', { settings: { number_of_shards: 1, number_of_replicas: 0 } });
    const lines = ['a', 'b', 'c'].flatMap((id) => [{ index: { _index: 'things', _id: id } }, { letter: id, n: 1.5 }]);
    const written = await ask<{ errors: boolean }>(
      engine,
      'POST',
      '/_bulk?refresh=true',
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    );
    expect(written.body.errors).toBe(false);
  });

  afterAll(async () => {
    await engine?.kill();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('tells its version at its root', async () => {
    const root = await ask<{ version: { number: string }; cluster_uuid: string }>(engine, 'GET', '/');
    expect(root.body.version.number).toBe(version);
    expect(root.body.cluster_uuid).toMatch(/^[\w-]{22}$/);
  });

  test('gives documents and counts by sequence number in a view of one shard', async () => {
    const body = await readShard(engine);
    expect(body._shards.failed).toBe(0);
    expect(body.hits.hits.map(({ _id, _seq_no, _source }) => ({ _id, _seq_no, _source }))).toEqual(
      ['a', 'b', 'c'].map((id, n) => ({ _id: id, _seq_no: n, _source: { letter: id, n: 1.5 } })),
    );
    expect(body.aggregations.ranges.buckets.map((bucket) => bucket.doc_count)).toEqual([2, 1]);
    expect(body.aggregations.top.value).toBe(2);
  });

  test('tells checkpoints and the history of each shard copy', async () => {
    const stats = await ask<StatsBody>(engine, 'GET', '/things/_stats?level=shards');
    const copies = stats.body.indices.things!.shards['0']!;
    expect(copies).toHaveLength(1);
    expect(copies[0]!.seq_no).toMatchObject({ max_seq_no: 2, global_checkpoint: 2 });
    expect(copies[0]!.commit.user_data.history_uuid).toMatch(/^[\w-]{22}$/);
  });

  test('takes a native snapshot below its path.repo', async () => {
    const location = join(engine.pathRepo, 'native');
    const registered = await ask(engine, 'PUT', '/_snapshot/native', { type: 'fs', settings: { location } });
    expect(registered).toMatchObject({ status: 200 });
    const taken = await ask<{ snapshot: { state: string } }>(
      engine,
      'PUT',
      '/_snapshot/native/one?wait_for_completion=true',
    );
    expect(taken.body.snapshot.state).toBe('SUCCESS');
  });

  test('keeps its documents, port and url when it is killed and started again', async () => {
    const { url, pid } = engine;
    await engine.kill();
    await engine.restart();
    expect(engine.url).toBe(url);
    expect(engine.pid).not.toBe(pid);
    expect((await ask<{ count: number }>(engine, 'GET', '/things/_count')).body.count).toBe(3);
  });

  test('leaves no process when it is stopped', async () => {
    const { pid } = engine;
    await engine.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });
});
