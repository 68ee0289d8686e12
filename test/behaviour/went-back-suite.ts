import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunningSnapkeep } from '../support/running-snapkeep';
import { documentsOf } from './documents';

const TEST_MS = 900_000;

/** A cluster that can be stopped, and whose files can be replaced while it is. */
export interface StoppableCluster {
  readonly snapkeep: RunningSnapkeep;
  /** Folder of its files. */
  readonly dataDir: string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/**
 * What a snapshot holds after the files of the cluster were replaced by an older copy of them, and other documents
 * took the sequence numbers of those that were lost.
 */
export function wentBackSuite(cluster: () => StoppableCluster, basePath: string): void {
  const call: RunningSnapkeep['call'] = (...args) => cluster().snapkeep.call(...args);
  let copy: string;

  beforeAll(async () => {
    copy = await mkdtemp(path.join(tmpdir(), 'snapkeep-copy-'));
  });
  afterAll(() => rm(copy, { recursive: true, force: true }));

  const write = async (index: string, lines: readonly string[]): Promise<void> => {
    const answer = await call('POST', `/${index}/_bulk?refresh=true`, `${lines.join('\n')}\n`, {
      'content-type': 'application/x-ndjson',
    });
    expect(answer.json).toMatchObject({ errors: false });
  };
  const documents = (name: string, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => [
      `{"index":{"_id":"${name}-${from + i}"}}`,
      `{"name":"${name}","n":${from + i},"f":1.0}`,
    ]).flat();
  const snapshot = async (name: string): Promise<{ files: number; bytes: number }> => {
    const taken = await call('PUT', `/_snapshot/back/${name}?wait_for_completion=true`, { indices: 'back-*' });
    expect(taken.json?.snapshot ?? taken.text).toMatchObject({ state: 'SUCCESS', shards: { failed: 0 } });
    const { json } = await call('GET', `/_snapshot/back/${name}/_status`);
    const { file_count: files, size_in_bytes: bytes } = json.snapshots[0].stats.incremental;
    return { files, bytes };
  };
  const expectRestored = async (name: string): Promise<void> => {
    for (const index of INDICES) {
      const target = `restored-${name}-${index}`;
      const restored = await call('POST', `/_snapshot/back/${name}/_restore?wait_for_completion=true`, {
        indices: index,
        rename_pattern: '.+',
        rename_replacement: target,
      });
      expect(restored.json?.snapshot ?? restored.text).toMatchObject({ indices: [target], shards: { failed: 0 } });
      const { clusterUrl } = cluster().snapkeep;
      const [now, then] = await Promise.all([index, target].map((one) => documentsOf(clusterUrl, one)));
      expect(now.size).toBeGreaterThan(0);
      expect([...then].sort()).toEqual([...now].sort());
      await call('DELETE', `/${target}`);
    }
  };

  it(
    'holds what the cluster holds now, and stays incremental from then on, and after a mere restart',
    async () => {
      const { snapkeep, dataDir, stop, start } = cluster();
      const settings = snapkeep.ossSettings(`${basePath}/back`);
      expect((await call('PUT', '/_snapshot/back', { type: 'oss', settings })).status).toBe(200);
      for (const index of INDICES) {
        const body = { settings: { number_of_shards: 1, number_of_replicas: 0 } };
        expect((await call('PUT', `/${index}`, body)).status).toBe(200);
        await write(index, documents('kept', 0, 1_000));
      }
      await stop();
      await cp(dataDir, copy, { recursive: true });
      await start();

      await write('back-other', documents('lost', 0, 500));
      await write(
        'back-deleted',
        [3, 5, 8].map((n) => `{"delete":{"_id":"kept-${n}"}}`),
      );
      await write('back-same-ids', documents('kept', 500, 900));
      expect((await snapshot('before')).files).toBeGreaterThan(0);

      await stop();
      await rm(dataDir, { recursive: true });
      await cp(copy, dataDir, { recursive: true });
      await start();
      await write('back-other', documents('new', 0, 500));
      await write(
        'back-deleted',
        [4, 5, 7].map((n) => `{"delete":{"_id":"kept-${n}"}}`),
      );
      await write(
        'back-same-ids',
        documents('kept', 500, 900).map((line) => line.replace('"f":1.0', '"f":2.0')),
      );
      expect((await snapshot('after')).files).toBeGreaterThan(0);
      await expectRestored('after');

      expect((await snapshot('unchanged')).files).toBe(0);
      await stop();
      await start();
      expect(await snapshot('restarted')).toEqual({ files: 0, bytes: 0 });
      await write('back-other', documents('later', 0, 5));
      await stop();
      await start();
      expect((await snapshot('written')).files).toBe(1);
      await expectRestored('written');
    },
    TEST_MS,
  );
}

/** Each goes back and takes as many operations as it lost: other documents; other deletes; the same ids. */
const INDICES = ['back-other', 'back-deleted', 'back-same-ids'];
