import { type startEmbeddedOss } from '../../packages/embedded-oss/src/server';
import { openBlobStore } from '../../src/blobs/open-blob-store';
import { OSS_SECRETS } from '../support/embedded-oss';
import { type RunningSnapkeep, until } from '../support/running-snapkeep';
import { documentsOf, HOSTILE_SOURCES } from './documents';

type Oss = Awaited<ReturnType<typeof startEmbeddedOss>>;

/** Ms one test may take: the heartbeat of a killed worker has to run out, and machines are busy. */
const TEST_MS = 240_000;
/** Documents of the index that most tests use. */
const DOCUMENTS = 6_000;

/**
 * What Snapkeep does, whatever cluster is behind it. `running` is asked when a test runs; the repositories lie under
 * `basePath` of the installation's bucket, and `basePath/kept` stays for other installations to restore from.
 *
 * @param options.onlyDocuments leaves out what kills workers, cancels, and throttles: there the cluster plays no part
 *   of its own.
 */
export function behaviourSuite(
  running: () => RunningSnapkeep,
  basePath: string,
  { onlyDocuments = false }: { onlyDocuments?: boolean } = {},
): void {
  const unlessOnlyDocuments = onlyDocuments ? it.skip : it;
  const call: RunningSnapkeep['call'] = (...args) => running().call(...args);

  const register = async (name: string, path: string, more: Record<string, string> = {}): Promise<void> => {
    const settings = { ...running().ossSettings(`${basePath}/${path}`), ...more };
    const answer = await call('PUT', `/_snapshot/${name}`, { type: 'oss', settings });
    expect([answer.status, answer.text]).toEqual([200, '{"acknowledged":true}']);
  };
  const snapshot = async (repository: string, name: string, indices: string): Promise<void> => {
    const answer = await call('PUT', `/_snapshot/${repository}/${name}?wait_for_completion=true`, { indices });
    expect(answer.json?.snapshot ?? answer.text).toMatchObject({ state: 'SUCCESS', shards: { failed: 0 } });
  };
  const restore = async (repository: string, name: string, index: string, target: string): Promise<void> => {
    const answer = await call('POST', `/_snapshot/${repository}/${name}/_restore?wait_for_completion=true`, {
      indices: index,
      rename_pattern: '.+',
      rename_replacement: target,
    });
    expect(answer.json?.snapshot ?? answer.text).toMatchObject({ indices: [target], shards: { failed: 0 } });
  };
  const objects = (path: string): Promise<string[]> => objectsUnder(running().oss, `${basePath}/${path}`);

  beforeAll(async () => {
    await createIndex('documents', 2);
    const lines: string[] = [];
    for (const [i, source] of HOSTILE_SOURCES.entries()) {
      lines.push(`{"index":{"_id":"hostile ${i} é\\"","routing":"route ${i}"}}`, source);
    }
    for (let i = 0; i < DOCUMENTS; i++) lines.push(`{"index":{"_id":"${i}"}}`, ordinary(i, 0));
    await bulk('documents', lines);
    await bulk('documents', ['{"index":{"_id":"3"}}', ordinary(3, 1), '{"delete":{"_id":"4"}}']);
    await register('plain', 'plain');
  }, TEST_MS);

  it(
    'restores every document byte for byte, with routing and version',
    async () => {
      await snapshot('plain', 'first', 'documents');
      await restore('plain', 'first', 'documents', 'restored-1');
      const [before, after] = await Promise.all(
        ['documents', 'restored-1'].map((index) => documentsOf(running().clusterUrl, index)),
      );
      expect(before.size).toBe(HOSTILE_SOURCES.length + DOCUMENTS - 1);
      expect(before.get('3')).toMatchObject({ version: '2' });
      expect(before.get('hostile 0 é"')).toMatchObject({ routing: '"route 0"', source: HOSTILE_SOURCES[0] });
      expect(same(before, after)).toEqual([]);
      const mapping = await call('GET', '/documents,restored-1/_mapping');
      expect(mapping.json['restored-1']).toEqual(mapping.json.documents);
    },
    TEST_MS,
  );

  it(
    'writes no data object when nothing changed, nor after a force-merge',
    async () => {
      const data = async () => (await objects('plain')).filter((key) => key.includes('.bulk'));
      const before = await data();
      expect(before.length).toBeGreaterThan(0);
      await snapshot('plain', 'unchanged', 'documents');
      await call('POST', '/documents/_forcemerge?max_num_segments=1');
      await call('POST', '/documents/_flush');
      await snapshot('plain', 'merged', 'documents');
      expect(await data()).toEqual(before);
    },
    TEST_MS,
  );

  it(
    'adds only what changed, and every snapshot restores as it was',
    async () => {
      const old = await documentsOf(running().clusterUrl, 'documents');
      const lines: string[] = [];
      for (let i = 0; i < DOCUMENTS; i += 100) lines.push(`{"index":{"_id":"${i}"}}`, ordinary(i, 2));
      for (let i = 1; i < DOCUMENTS; i += 500) lines.push(`{"delete":{"_id":"${i}"}}`);
      lines.push('{"index":{"_id":"new"}}', '{"key":"new"}');
      await bulk('documents', lines);
      await snapshot('plain', 'second', 'documents');
      const now = await documentsOf(running().clusterUrl, 'documents');
      const { json } = await call('GET', '/_snapshot/plain/first,second/_status');
      const [first, second] = json.snapshots.map(
        (one: { stats: { incremental: { size_in_bytes: number } } }) => one.stats.incremental.size_in_bytes,
      );
      expect(second).toBeLessThan(first / 10);
      await restore('plain', 'second', 'documents', 'restored-2');
      expect(same(now, await documentsOf(running().clusterUrl, 'restored-2'))).toEqual([]);
      await restore('plain', 'first', 'documents', 'restored-3');
      expect(same(old, await documentsOf(running().clusterUrl, 'restored-3'))).toEqual([]);
    },
    TEST_MS,
  );

  unlessOnlyDocuments(
    'rolls a cancelled snapshot back to exactly the objects there were',
    async () => {
      await register('slow', 'plain', { max_snapshot_bytes_per_sec: '20kb' });
      // Two sizes: the first object of the smaller index lands while the larger one is still being written.
      for (const [index, count] of [
        ['changing', DOCUMENTS],
        ['changing-less', DOCUMENTS / 4],
      ] as const) {
        await createIndex(index, 1);
        await bulk(index, Array.from({ length: count }, (_, i) => [`{"index":{"_id":"${i}"}}`, ordinary(i, 5)]).flat());
      }
      const before = await objects('plain');
      const started = await call('PUT', '/_snapshot/slow/cancelled', { indices: 'changing,changing-less' });
      expect([started.status, started.text]).toEqual([200, '{"accepted":true}']);
      await until(
        () => objects('plain'),
        (keys) => keys.length > before.length,
      );
      const shown = await call('GET', '/_snapshot/slow/cancelled');
      expect(shown.json.snapshots[0].state).toBe('IN_PROGRESS');
      const cancelled = await call('DELETE', '/_snapshot/slow/cancelled');
      expect([cancelled.status, cancelled.text]).toEqual([200, '{"acknowledged":true}']);
      expect((await call('GET', '/_snapshot/slow/cancelled')).status).toBe(404);
      expect((await call('GET', '/_snapshot/slow/cancelled/_status')).status).toBe(404);
      expect(await objects('plain')).toEqual(before);
    },
    TEST_MS,
  );

  unlessOnlyDocuments(
    'goes on by itself after the worker was killed in the middle of a snapshot, and of a restore',
    async () => {
      // So slow that the worker is killed in the middle: whole, each takes some seconds.
      await register('killed', 'killed', { max_snapshot_bytes_per_sec: '60kb', max_restore_bytes_per_sec: '60kb' });
      await call('PUT', '/_snapshot/killed/one', { indices: 'changing' });
      await until(
        () => objects('killed'),
        (keys) => keys.some((key) => key.includes('plan')),
      );
      await running().killWorker();
      const { snapshots } = (await call('GET', '/_snapshot/killed/_all')).json;
      expect(snapshots).toMatchObject([{ snapshot: 'one', state: 'IN_PROGRESS' }]);
      await running().startWorker();
      await until(
        () => call('GET', '/_snapshot/killed/one'),
        ({ json }) => json?.snapshots?.[0].state === 'SUCCESS',
      );
      const body = { indices: 'changing', rename_pattern: '.+', rename_replacement: 'restored-4' };
      const accepted = await call('POST', '/_snapshot/killed/one/_restore', body);
      expect([accepted.status, accepted.text]).toEqual([200, '{"accepted":true}']);
      await until(
        () => call('HEAD', '/restored-4'),
        ({ status }) => status === 200,
      );
      await running().killWorker();
      await running().startWorker();
      await until(
        () => call('GET', '/restored-4/_recovery'),
        ({ json }) => {
          const shards = primaries(json, 'restored-4');
          return shards.length > 0 && shards.every((shard) => shard.type === 'SNAPSHOT' && shard.stage === 'DONE');
        },
      );
      const [before, after] = await Promise.all(
        ['changing', 'restored-4'].map((index) => documentsOf(running().clusterUrl, index)),
      );
      expect(before.size).toBe(DOCUMENTS);
      expect(same(before, after)).toEqual([]);
    },
    TEST_MS,
  );

  unlessOnlyDocuments(
    'shows a restore while it runs, and stops it when its index is deleted',
    async () => {
      const body = { indices: 'changing', rename_pattern: '.+', rename_replacement: 'restored-5' };
      await register('slow-restore', 'killed', { max_restore_bytes_per_sec: '20kb' });
      await call('POST', '/_snapshot/slow-restore/one/_restore', body);
      const seen = await until(
        () => call('GET', '/restored-5/_recovery'),
        ({ json }) =>
          json?.['restored-5'] !== undefined && primaries(json, 'restored-5').some((shard) => shard.stage === 'INDEX'),
      );
      expect(primaries(seen.json, 'restored-5')[0]).toMatchObject({
        type: 'SNAPSHOT',
        stage: 'INDEX',
        source: { repository: 'slow-restore', snapshot: 'one', index: 'changing' },
      });
      const deleted = await call('DELETE', '/restored-5');
      expect([deleted.status, deleted.json]).toEqual([200, { acknowledged: true }]);
      // Not before the job has ended it is certain that it makes no index again.
      await until(
        () => call('GET', '/_snapkeep/jobs'),
        ({ json }) =>
          json.jobs.every(
            (job: { kind: string; stop_time?: string }) => job.kind !== 'restore' || job.stop_time !== undefined,
          ),
      );
      expect((await call('HEAD', '/restored-5')).status).toBe(404);
      const recovery = await call('GET', '/_recovery/');
      expect(recovery.json['restored-5']).toBeUndefined();
    },
    TEST_MS,
  );

  it(
    'deletes snapshots one by one, leaving the others whole, and in the end no data',
    async () => {
      const old = await documentsOf(running().clusterUrl, 'restored-3');
      for (const name of ['second', 'unchanged', 'first']) {
        const deleted = await call('DELETE', `/_snapshot/plain/${name}`);
        expect([deleted.status, deleted.text]).toEqual([200, '{"acknowledged":true}']);
        expect((await call('GET', `/_snapshot/plain/${name}`)).status).toBe(404);
      }
      await restore('plain', 'merged', 'documents', 'restored-6');
      expect(same(old, await documentsOf(running().clusterUrl, 'restored-6'))).toEqual([]);
      await call('DELETE', '/_snapshot/plain/merged');
      expect((await objects('plain')).filter((key) => !key.startsWith('snapkeep-root-'))).toEqual([]);
    },
    TEST_MS,
  );

  it(
    'keeps a snapshot for other installations',
    async () => {
      await register('kept', 'kept');
      await snapshot('kept', 'migration', 'documents');
      const { json } = await call('GET', '/_snapshot/kept/_all');
      expect(json.snapshots.map((one: { snapshot: string }) => one.snapshot)).toEqual(['migration']);
    },
    TEST_MS,
  );

  async function createIndex(name: string, shards: number): Promise<void> {
    const answer = await call('PUT', `/${name}`, {
      settings: { number_of_shards: shards, number_of_replicas: 0 },
      mappings: { properties: { key: { type: 'keyword' } }, dynamic: false },
    });
    expect([name, answer.status]).toEqual([name, 200]);
  }

  async function bulk(index: string, lines: readonly string[]): Promise<void> {
    const answer = await call('POST', `/${index}/_bulk?refresh=true`, `${lines.join('\n')}\n`, {
      'content-type': 'application/x-ndjson',
    });
    expect(answer.json.errors).toBe(false);
  }
}

/**
 * Restores what the suite of another installation kept at `basePath`, and compares it with the cluster it came from.
 */
export async function expectMigration(to: RunningSnapkeep, from: RunningSnapkeep, basePath: string): Promise<void> {
  const repository = `from-${basePath}`;
  await to.call('PUT', `/_snapshot/${repository}`, { type: 'oss', settings: to.ossSettings(`${basePath}/kept`) });
  const listed = await to.call('GET', `/_snapshot/${repository}/_all`);
  expect(listed.json.snapshots).toMatchObject([{ snapshot: 'migration', state: 'SUCCESS', indices: ['documents'] }]);
  const target = `documents-from-${basePath}`;
  const restored = await to.call('POST', `/_snapshot/${repository}/migration/_restore?wait_for_completion=true`, {
    indices: 'documents',
    rename_pattern: '.+',
    rename_replacement: target,
  });
  expect(restored.json?.snapshot ?? restored.text).toMatchObject({ indices: [target], shards: { failed: 0 } });
  const [before, after] = await Promise.all([
    documentsOf(from.clusterUrl, 'documents'),
    documentsOf(to.clusterUrl, target),
  ]);
  expect(before.size).toBeGreaterThan(DOCUMENTS / 2);
  expect(same(before, after)).toEqual([]);
}

function ordinary(i: number, generation: number): string {
  // Incompressible enough that a throttle has something to slow down.
  const noise = Array.from({ length: 8 }, (_, k) =>
    ((i * 2654435761 + generation * 40503 + k * 97) >>> 0).toString(36),
  ).join('');
  return `{"key":"k${i}","generation":${generation},"price":${i}.0,"noise":"${noise}"}`;
}

/** Ids whose documents differ, or are on one side only. */
function same(
  before: Awaited<ReturnType<typeof documentsOf>>,
  after: Awaited<ReturnType<typeof documentsOf>>,
): string[] {
  const different = [...after.keys()].filter((id) => !before.has(id));
  for (const [id, document] of before) {
    const other = after.get(id);
    if (other?.source !== document.source || other.routing !== document.routing || other.version !== document.version)
      different.push(id);
  }
  return different;
}

interface Recovery {
  readonly primary: boolean;
  readonly type: string;
  readonly stage: string;
}

function primaries(json: Record<string, { shards: Recovery[] }> | undefined, index: string): Recovery[] {
  return json?.[index]?.shards.filter((shard) => shard.primary) ?? [];
}

async function objectsUnder(oss: Pick<Oss, 'endpoint'>, basePath: string): Promise<string[]> {
  const store = openBlobStore({ type: 'oss', endpoint: oss.endpoint, bucket: 'snapshots', basePath }, OSS_SECRETS, {
    readonly: true,
  });
  try {
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    return keys;
  } finally {
    await store.close();
  }
}
