import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { documentsOf } from '../behaviour/documents';
import { type Engine, enginesTriedInFull, startEngine } from '../support/engines';
import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

/** What a restore reports as done survives the death of the cluster's node at that moment, and in its middle. */

const DOCUMENTS = 12_000;
const SHARDS = 2;
const TEST_MS = 240_000;

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let folder: string;
    let engine: Engine;
    let snapkeep: RunningSnapkeep;
    const call: RunningSnapkeep['call'] = (...args) => snapkeep.call(...args);

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), `snapkeep-durable-${name}-`));
      engine = await startEngine(name, { dataDir: folder, javaHeap: '768m' });
      snapkeep = await startSnapkeep({ clusterUrl: engine.url });
      const settings = snapkeep.ossSettings('durable');
      await call('PUT', '/_snapshot/r', { type: 'oss', settings });
      await call('PUT', '/_snapshot/slow', {
        type: 'oss',
        settings: { ...settings, max_restore_bytes_per_sec: '60kb' },
      });
      await call('PUT', '/source', {
        // For good: the restored index has it again, its documents are on the disk all the same.
        settings: { number_of_shards: SHARDS, number_of_replicas: 0, 'index.translog.durability': 'async' },
      });
      const lines = Array.from({ length: DOCUMENTS }, (_, i) => {
        const noise = Array.from({ length: 6 }, (_, k) => ((i * 2654435761 + k * 40503) >>> 0).toString(36)).join('');
        return `{"index":{"_id":"${i}"}}\n{"n":${i},"noise":"${noise}"}\n`;
      });
      await call('POST', '/source/_bulk?refresh=true', lines.join(''), { 'content-type': 'application/x-ndjson' });
      await call('POST', '/source/_flush');
      const taken = await call('PUT', '/_snapshot/r/s?wait_for_completion=true', { indices: 'source' });
      expect(taken.json.snapshot.state).toBe('SUCCESS');
    }, 400_000);
    afterAll(async () => {
      await snapkeep?.stop();
      await engine?.stop();
      await rm(folder, { recursive: true, force: true });
    }, 120_000);

    const restore = (repository: string, target: string, wait: boolean) =>
      call('POST', `/_snapshot/${repository}/s/_restore${wait ? '?wait_for_completion=true' : ''}`, {
        indices: 'source',
        rename_pattern: '.+',
        rename_replacement: target,
      });
    const expectWhole = async (target: string): Promise<void> => {
      const [before, after] = await Promise.all(
        ['source', target].map((index) => documentsOf(snapkeep.clusterUrl, index)),
      );
      expect([target, after.size]).toEqual([target, DOCUMENTS]);
      expect([...before].filter(([id, { source }]) => after.get(id)?.source !== source)).toEqual([]);
    };

    it(
      'has every document when the node dies right after the restore ended',
      async () => {
        const done = await restore('r', 'ended', true);
        expect(done.json.snapshot?.shards ?? done.text).toEqual({ total: SHARDS, failed: 0, successful: SHARDS });
        await engine.kill();
        await engine.restart();
        await expectWhole('ended');
        const settings = await call('GET', '/ended/_settings?flat_settings');
        expect(settings.json.ended.settings['index.translog.durability']).toBe('async');
      },
      TEST_MS,
    );

    it(
      'goes on and is whole when the node dies in the middle of the restore',
      async () => {
        await restore('slow', 'middle', false);
        await until(
          async () => {
            await call('POST', '/middle/_refresh');
            return call('GET', '/middle/_count');
          },
          ({ json }) => json?.count > DOCUMENTS / 10,
        );
        await engine.kill();
        await engine.restart();
        await until(
          () => call('GET', '/middle/_recovery'),
          ({ json }) => {
            const shards = (json?.middle?.shards ?? []) as { primary: boolean; type: string; stage: string }[];
            return shards.some(({ type }) => type === 'SNAPSHOT') && shards.every(({ stage }) => stage === 'DONE');
          },
        );
        await until(
          () => call('GET', '/middle/_alias'),
          ({ json }) => Object.keys(json?.middle?.aliases ?? { a: 1 }).length === 0,
        );
        await expectWhole('middle');
      },
      TEST_MS,
    );
  });
}
