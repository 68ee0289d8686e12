import { Client, Connection } from '@temporalio/client';
import { openBlobStore } from '../../src/blobs/open-blob-store';
import { workflowIds } from '../../src/contracts/workflow-ids';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { reachedByRoot } from '../../src/repository/deletion/orphans';
import { parseRootKey } from '../../src/repository/format/keys';
import { OSS_SECRETS } from '../support/embedded-oss';
import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const SHARDS = 12;
/** Documents of a shard are more than what is copied at once, and at this pace take some seconds. */
const DOCUMENTS = 6_000;
const LOGS = { indices: 'logs' };
const PACE = { max_snapshot_bytes_per_sec: '150kb', compress: false };

/** Somebody deletes the snapshot that a running one builds on: every retention does. */
describe('deleting the base of a running snapshot', () => {
  let snapkeep: RunningSnapkeep;
  let other: RunningSnapkeep;

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    other = await startSnapkeep({ oss: snapkeep.oss });
    await snapkeep.call('PUT', '/logs', { settings: { number_of_shards: SHARDS, number_of_replicas: 0 } });
    await write(0, DOCUMENTS);
  }, 180_000);

  afterAll(async () => {
    await Promise.all([snapkeep.stop(), other.stop()]);
  });

  async function write(from: number, count: number): Promise<void> {
    const text = 'x'.repeat(200);
    const lines = Array.from(
      { length: count },
      (_, i) => `{"index":{"_id":"${from + i}"}}\n{"n":${i},"text":"${text}"}\n`,
    );
    await snapkeep.call('POST', '/logs/_bulk?refresh=true', lines.join(''), NDJSON);
  }

  async function register(from: RunningSnapkeep, name: string, place: string, more: object = {}): Promise<void> {
    const settings = { ...snapkeep.ossSettings(place), ...more };
    const { status } = await from.call('PUT', `/_snapshot/${name}`, { type: 'oss', settings });
    expect(status).toBe(200);
  }

  async function countActivities(workflowId: string, name: string): Promise<number> {
    const connection = await Connection.connect({ address: snapkeep.temporal.address });
    try {
      const history = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory();
      return (history.events ?? []).filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === name,
      ).length;
    } finally {
      await connection.close();
    }
  }

  /** Waits until nothing is removed and not swept, then expects nothing but what the root reaches. */
  async function expectNoOrphans(place: string): Promise<void> {
    const { endpoint } = snapkeep.oss;
    const store = openBlobStore({ type: 'oss', endpoint, bucket: 'snapshots', basePath: place }, OSS_SECRETS, {
      readonly: true,
    });
    try {
      const catalogue = new Catalogue(store);
      await until(
        () => catalogue.readRoot(),
        (root) => root.removed.length === 0,
      );
      const keys: string[] = [];
      for await (const { key } of store.list('')) if (parseRootKey(key) === undefined) keys.push(key);
      expect(keys.sort()).toEqual([...(await reachedByRoot(catalogue))].sort());
    } finally {
      await store.close();
    }
  }

  it.each([
    ['the same name', 'same', async () => ({ from: snapkeep, name: 'same-slow' })],
    [
      'another name',
      'another',
      async () => {
        await register(snapkeep, 'another-fast', 'another');
        return { from: snapkeep, name: 'another-fast' };
      },
    ],
    [
      'another installation',
      'foreign',
      async () => {
        await register(other, 'theirs', 'foreign');
        return { from: other, name: 'theirs' };
      },
    ],
  ])(
    'through %s is answered at once, and the snapshot commits without copying again',
    async (_, place, through) => {
      await register(snapkeep, `${place}-setup`, place);
      await register(snapkeep, `${place}-slow`, place, PACE);
      const base = await snapkeep.call('PUT', `/_snapshot/${place}-setup/base?wait_for_completion=true`, LOGS);
      expect(base.json.snapshot.state).toBe('SUCCESS');
      await write(DOCUMENTS, DOCUMENTS);
      expect((await snapkeep.call('PUT', `/_snapshot/${place}-slow/next`, LOGS)).json).toEqual({ accepted: true });
      const status = async () =>
        (await snapkeep.call('GET', `/_snapshot/${place}-slow/next/_status`)).json.snapshots[0];
      await until(status, (one) => one.state === 'IN_PROGRESS' && one.shards_stats.started + one.shards_stats.done > 0);

      const { from, name } = await through();
      const deleted = await from.call('DELETE', `/_snapshot/${name}/base`);
      expect(deleted.json).toEqual({ acknowledged: true });
      // The promise is 500 ms; a machine that is busy with other tests is given more.
      expect(deleted.millis).toBeLessThan(3_000);
      expect((await status()).state).toBe('IN_PROGRESS');
      expect((await from.call('GET', `/_snapshot/${name}/base`)).status).toBe(404);

      const next = await until(
        () => snapkeep.call('GET', `/_snapshot/${place}-slow/next`),
        ({ json }) => json.snapshots[0].state !== 'IN_PROGRESS',
      );
      expect(next.json.snapshots[0]).toMatchObject({ state: 'SUCCESS', failures: [] });
      const workflowId = workflowIds.snapshot(`${place}-slow`, 'next');
      expect(await countActivities(workflowId, 'beginSnapshot')).toBe(1);
      expect(await countActivities(workflowId, 'commitSnapshot')).toBe(1);

      await expectNoOrphans(place);
      const rename = { ...LOGS, rename_pattern: 'logs', rename_replacement: `restored-${place}` };
      const restored = await snapkeep.call(
        'POST',
        `/_snapshot/${place}-setup/next/_restore?wait_for_completion=true`,
        rename,
      );
      expect(restored.json.snapshot.shards).toEqual({ total: SHARDS, failed: 0, successful: SHARDS });
      const counts = await Promise.all(
        [`/logs/_count`, `/restored-${place}/_count`].map((path) => snapkeep.call('GET', path)),
      );
      expect(counts[1].json.count).toBe(counts[0].json.count);
      console.log(`${place}: DELETE answered in ${deleted.millis} ms`);
    },
    180_000,
  );
});
