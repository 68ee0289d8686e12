import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Call, caller, ndjson } from './support';

const HOOK = resolve(__dirname, '../../../test/support/typescript-hook.cjs');
const SOURCE = resolve(__dirname, '../src');

interface Running {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly call: Call;
  /** Ends the process at once, as `kill -9` does. */
  kill(): Promise<void>;
}

/** Runs node on the sources and waits for the line that says it is ready. */
async function launch(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, ['-r', HOOK, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const port = await new Promise<number>((done, reject) => {
    createInterface(child.stdout).once('line', (line) => done((JSON.parse(line) as { port: number }).port));
    void exited.then(() => reject(new Error('the embedded cluster ended before it was ready')));
  });
  return {
    child,
    call: caller(`http://127.0.0.1:${port}`),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The cluster with small limits, so that write-backs and purges run all the time and are hit by the kill too. */
function launchBusy(dataDir: string, options: object): Promise<Running> {
  const script = `
    const { startEmbeddedCluster } = require(${JSON.stringify(SOURCE)});
    startEmbeddedCluster(${JSON.stringify({ dataDir, port: 0, writeBackThreshold: 300, maintenanceIntervalMs: 30, ...options })})
      .then(({ port }) => console.log(JSON.stringify({ ready: true, port })));`;
  return launch(['-e', script]);
}

const DOCUMENTS = 150;

/** Overwrites the same documents again and again, one bulk a generation, and remembers what was acknowledged. */
class Writer {
  acknowledged = 0;
  private stopped = false;

  constructor(private readonly name: string) {}

  async run(call: Call): Promise<void> {
    this.stopped = false;
    while (!this.stopped) {
      const generation = this.acknowledged + 1;
      const lines: unknown[] = [];
      for (let i = 0; i < DOCUMENTS; i++) {
        // Every other generation some documents are deleted, so that tombstones take part.
        if (i % 10 === 3 && generation % 2 === 0) lines.push({ delete: { _id: `${this.name}-${i}` } });
        else lines.push({ index: { _id: `${this.name}-${i}` } }, { writer: this.name, generation });
      }
      try {
        const { json } = await call('POST', '/crash/_bulk', ndjson(...lines));
        if (json.errors) throw new Error(JSON.stringify(json.items[0]));
      } catch (error) {
        if (this.stopped) return;
        throw error;
      }
      this.acknowledged = generation;
    }
  }

  stop(): void {
    this.stopped = true;
  }

  /** Whole generations only, none that was acknowledged lost, and at most the one under way gained. */
  async verify(call: Call): Promise<void> {
    const { json } = await call('POST', '/crash/_search', {
      size: 1_000,
      query: { term: { writer: this.name } },
      version: true,
    });
    const documents = json.hits.hits as { _id: string; _source: { generation: number } }[];
    const generations = new Set(documents.map((hit) => hit._source.generation));
    if (this.acknowledged === 0 && documents.length === 0) return;
    expect(generations.size).toBe(1);
    const [generation] = [...generations] as [number];
    expect([this.acknowledged, this.acknowledged + 1]).toContain(generation);
    const deleted = generation % 2 === 0 ? DOCUMENTS / 10 : 0;
    expect(documents).toHaveLength(DOCUMENTS - deleted);
    this.acknowledged = generation;
  }
}

/** What the API says about the same documents in different ways must agree. */
async function verifyConsistency(call: Call): Promise<void> {
  const { json } = await call('POST', '/crash/_search', {
    size: 10_000,
    sort: ['_seq_no'],
    track_total_hits: true,
    _source: false,
    seq_no_primary_term: true,
    preference: undefined,
  });
  const { indices } = (await call('GET', '/crash/_stats?level=shards')).json;
  const shards = Object.values(indices.crash.shards) as { docs: { count: number }; seq_no: { max_seq_no: number } }[][];
  const counted = shards.reduce((sum, [copy]) => sum + copy!.docs.count, 0);
  expect(json.hits.total.value).toBe(counted);
  expect(json.hits.hits).toHaveLength(counted);
  expect(new Set(json.hits.hits.map((hit: { _id: string }) => hit._id)).size).toBe(counted);
  for (const hit of json.hits.hits.slice(0, 50)) {
    const read = await call('GET', `/crash/_doc/${hit._id}`);
    expect(read.json).toMatchObject({ found: true, _seq_no: hit._seq_no });
  }
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

describe('killed with SIGKILL under load', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'snapkeep-cluster-'));
  });
  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  async function crashRounds(
    rounds: number,
    options: object,
    between: (call: Call, round: number) => Promise<void>,
  ): Promise<void> {
    const writers = ['a', 'b', 'c'].map((name) => new Writer(name));
    for (let round = 0; round < rounds; round++) {
      const server = await launchBusy(dataDir, options);
      try {
        if (round === 0)
          await server.call('PUT', '/crash', { settings: { number_of_shards: 3, number_of_replicas: 0 } });
        for (const writer of writers) await writer.verify(server.call);
        await verifyConsistency(server.call);
        const running = writers.map((writer) => writer.run(server.call));
        await between(server.call, round);
        await pause(100 + Math.random() * 700);
        for (const writer of writers) writer.stop();
        await server.kill();
        await Promise.all(running);
      } finally {
        await server.kill();
      }
    }
    const server = await launchBusy(dataDir, options);
    try {
      for (const writer of writers) {
        await writer.verify(server.call);
        expect(writer.acknowledged).toBeGreaterThan(0);
      }
      await verifyConsistency(server.call);
    } finally {
      await server.kill();
    }
  }

  it('keeps every acknowledged bulk whole, and views show after it what they showed before', async () => {
    let view: { id: string; hits: unknown } | undefined;
    const read = (call: Call, id: string) =>
      call('POST', '/_search', {
        pit: { id },
        size: 10_000,
        sort: ['_seq_no'],
        version: true,
        seq_no_primary_term: true,
      });
    await crashRounds(5, {}, async (call, round) => {
      if (view !== undefined) {
        const again = await read(call, view.id);
        expect(again.json.hits).toEqual(view.hits);
      }
      const { id } = (await call('POST', '/crash/_pit?keep_alive=1h')).json;
      view = { id, hits: (await read(call, id)).json.hits };
      // An index that is deleted right before the kill stays deleted, and its name can be used again.
      expect((await call('HEAD', '/doomed')).status).toBe(404);
      await call(
        'POST',
        '/doomed/_bulk',
        Array.from({ length: 3_000 }, (_, i) => `{"index":{}}\n{"i":${i}}\n`).join(''),
      );
      expect((await call('GET', '/doomed/_count')).json.count).toBe(3_000);
      expect((await call('DELETE', '/doomed')).status).toBe(200);
      expect(round).toBeLessThan(5);
    });
  }, 240_000);

  it('keeps every acknowledged bulk whole while superseded documents are being removed', async () => {
    await crashRounds(5, { retentionMs: 1 }, () => pause(200));
  }, 240_000);
});

describe('the process', () => {
  it('says when it is ready, keeps its data under SNAPKEEP_DATA_DIR, and ends on SIGTERM', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'snapkeep-cluster-'));
    const environment = { SNAPKEEP_DATA_DIR: dataDir, SNAPKEEP_EMBEDDED_CLUSTER_PORT: '0' };
    try {
      for (const found of [false, true]) {
        const { child, call } = await launch([join(SOURCE, 'main.ts')], environment);
        const exit = new Promise<number | null>((done) => child.once('exit', done));
        expect((await call('GET', '/t/_doc/1')).json.found ?? false).toBe(found);
        await call('PUT', '/t/_doc/1', { a: 1 });
        child.kill('SIGTERM');
        expect(await exit).toBe(0);
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
