import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MomentWriters, writtenIds } from '../support/moment-writers';
import { type RunningSnapkeep } from '../support/running-snapkeep';

const WRITERS = 3;
const TEST_MS = 300_000;

/** An index of a test. */
interface Layout {
  readonly name: string;
  readonly shards: number;
  /** Documents before the first snapshot, of about 1 KB that do not compress. */
  readonly documents: number;
}

/** A large shard, which is copied in chunks, and small ones beside it. */
const SIX: readonly Layout[] = [
  { name: 'six-large', shards: 1, documents: 18_000 },
  { name: 'six-small', shards: 5, documents: 2_000 },
];
const FIFTY: readonly Layout[] = Array.from({ length: 5 }, (_, i) => ({
  name: `fifty-${i}`,
  shards: 10,
  documents: 1_000,
}));

/**
 * Snapshots that are taken while somebody writes hold all shards as of one moment, whatever the time the copy takes.
 *
 * @param hasMoments false for a cluster without points in time: there only what the snapshot says is checked.
 */
export function oneMomentSuite(running: () => RunningSnapkeep, title: string, hasMoments = true): void {
  it.each([
    ['6 shards, one of them large', SIX, '8mb'],
    ['50 shards', FIFTY, '2mb'],
  ] as const)(
    'a throttled first snapshot and an incremental one of %s are each of one moment',
    async (what, layout, rate) => {
      const { call, ossSettings, clusterUrl } = running();
      const names = layout.map(({ name }) => name);
      const repository = names[0]!;
      const settings = { ...ossSettings(`moment-${title}-${repository}`), max_snapshot_bytes_per_sec: rate };
      await call('PUT', `/_snapshot/${repository}`, { type: 'oss', settings });
      for (const one of layout) await fill(call, one);
      const writers = new MomentWriters(clusterUrl, names);
      writers.start(WRITERS);
      const snapshots: { name: string; millis: number }[] = [];
      try {
        for (const name of ['first', 'incremental']) {
          await sleep(1_000);
          const { json, millis } = await call('PUT', `/_snapshot/${repository}/${name}?wait_for_completion=true`, {
            indices: names.join(','),
          });
          expect(json.snapshot).toMatchObject({ state: 'SUCCESS' });
          snapshots.push({ name, millis });
        }
      } finally {
        await writers.stop();
      }
      for (const { name, millis } of snapshots) {
        const restored = await call('POST', `/_snapshot/${repository}/${name}/_restore?wait_for_completion=true`, {
          rename_pattern: '^',
          rename_replacement: `${name}-`,
        });
        expect(restored.status).toBe(200);
        const copies = names.map((one) => `${name}-${one}`);
        const ids = await writtenIds(call, copies);
        const apart = writers.apart(ids);
        const { moment } = (await call('GET', `/_snapkeep/snapshots/${repository}/${name}`)).json;
        console.log(
          `${title}, ${what}, ${name}: ${millis} ms, ${ids.size} of ${writers.count} writes, ` +
            `moment of ${moment.spread_in_millis} ms, shards at least ${apart} ms apart`,
        );
        expect(ids.size).toBeGreaterThan(0);
        expect(apart).toBeLessThanOrEqual(moment.spread_in_millis);
        // A machine that runs other tests too makes it larger, but never as long as the job: bench/ measures it.
        if (hasMoments) expect(moment.spread_in_millis).toBeLessThan(millis / 2);
        for (const copy of copies) await call('DELETE', `/${copy}`);
      }
      for (const name of names) await call('DELETE', `/${name}`);
    },
    TEST_MS,
  );
}

async function fill(call: RunningSnapkeep['call'], { name, shards, documents }: Layout): Promise<void> {
  const properties = { at: { type: 'long' }, noise: { type: 'keyword', index: false, doc_values: false } };
  const settings = { number_of_shards: shards, number_of_replicas: 0, refresh_interval: '1s' };
  await call('PUT', `/${name}`, { settings, mappings: { properties } });
  for (let from = 0; from < documents; from += 2_000) {
    const lines = Array.from(
      { length: Math.min(2_000, documents - from) },
      (_, i) => `{"index":{"_id":"d${from + i}"}}\n{"noise":"${randomBytes(700).toString('base64')}"}\n`,
    );
    const { json } = await call('POST', `/${name}/_bulk`, lines.join(''), { 'content-type': 'application/x-ndjson' });
    expect(json).toMatchObject({ errors: false });
  }
}
