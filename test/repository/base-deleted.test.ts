import { setImmediate } from 'node:timers/promises';
import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { MAX_REPLANS, plansAgain } from '../../src/contracts/jobs/plan-again';
import { snapshotsInUse } from '../../src/contracts/jobs/snapshots-in-use';
import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { findSnapshotByUuid } from '../../src/repository/catalogue/root';
import { reachedByRoot } from '../../src/repository/deletion/orphans';
import { removeSnapshots } from '../../src/repository/deletion/remove-snapshots';
import { parseRootKey } from '../../src/repository/format/keys';
import { beforeEachCall } from './support/before-each-call';
import { type Ended, type IndexModel, Jobs } from './support/jobs-model';
import { MemoryBlobStore } from './support/memory-blob-store';
import { type ModelDocument, ShardModel } from './support/shard-model';
import { expected, restored } from './support/shards';

/** The base of a running snapshot is deleted, at each call in turn that the snapshot makes to the store. */

let store: MemoryBlobStore;
let shard: ShardModel;
let index: IndexModel;

beforeEach(() => {
  store = new MemoryBlobStore();
  shard = new ShardModel();
  index = { name: 'logs', shards: [shard] };
});

function snapshotOf(jobs: Jobs, name: string): Promise<Ended> {
  return jobs.snapshot({ name, indices: [index], failing: new Set(), cancelled: false });
}

/** Three snapshots, each with something of its own that the next ones keep. */
async function history(jobs: Jobs): Promise<string[]> {
  const uuids: string[] = [];
  for (const name of ['one', 'two', 'three']) {
    for (let i = 0; i < 5; i++) shard.put(`${name}-${i}`, `{"n":${i}}`);
    uuids.push((await snapshotOf(jobs, name)).uuid);
  }
  return uuids;
}

/** The store, with something that happens at a call. */
function withCalls(at: (call: number) => Promise<void>): BlobStore {
  let calls = 0;
  return beforeEachCall(store, () => at(calls++));
}

async function expectWhole(uuid: string, contents: readonly ModelDocument[]): Promise<void> {
  const catalogue = new Catalogue(store);
  const root = await catalogue.readRoot();
  expect(root.removed).toEqual([]);
  expect(store.keys().filter((key) => parseRootKey(key) === undefined)).toEqual(
    [...(await reachedByRoot(catalogue))].sort(),
  );
  const { indices } = await catalogue.readSnapshotManifest(findSnapshotByUuid(root, uuid)!.manifest);
  expect(await restored({ store, catalogue, pool: new CodecPool(1) }, indices[0].shards[0]!)).toEqual(contents);
}

/** Runs the snapshot once for each call it makes, with what happens then; returns how each ended. */
async function atEachCall(
  deleting: (uuids: readonly string[], jobs: Jobs) => Promise<void>,
  check: (ended: Ended) => void,
): Promise<number> {
  for (let when = 0; ; when++) {
    store = new MemoryBlobStore();
    shard = new ShardModel();
    index = { name: 'logs', shards: [shard] };
    const uuids = await history(new Jobs(() => store));
    for (let i = 0; i < 5; i++) shard.put(`late-${i}`, '{}');
    shard.remove('three-1');
    let happened = false;
    const connection = withCalls(async (call) => {
      if (call !== when) return;
      happened = true;
      await deleting(uuids, jobs);
    });
    const jobs: Jobs = new Jobs(() => connection);
    const contents = expected(shard);
    const ended = await snapshotOf(jobs, 'four');
    if (!happened) return when;
    await jobs.sweep();
    check(ended);
    await expectWhole(ended.uuid, contents);
  }
}

describe.each([
  ['its base', (uuids: readonly string[]) => uuids.slice(-1)],
  ['everything before it', (uuids: readonly string[]) => uuids],
  ['what its base builds on', (uuids: readonly string[]) => uuids.slice(0, 2)],
])('a snapshot of which somebody deletes %s', (_, which) => {
  test('is committed, with its data copied once', async () => {
    const calls = await atEachCall(
      async (uuids, jobs) => {
        await removeSnapshots(new Catalogue(store), which(uuids));
        void jobs.sweep(); // waits for this very snapshot, where it has to
        for (let i = 0; i < 30; i++) await setImmediate();
      },
      ({ uuid, end, plans, added }) => {
        expect({ end, plans }).toEqual({ end: 'committed', plans: 1 });
        const written = store.written.filter((key) => key.includes(`/${uuid}/`) && key.includes('.bulk'));
        expect(written).toHaveLength(added);
        expect(added).toBeLessThan(4);
      },
    );
    expect(calls).toBeGreaterThan(8);
  });

  test('in another installation that knows nothing of it is committed, maybe with another plan', async () => {
    const plans = new Set<number>();
    await atEachCall(
      (uuids) => new Jobs(() => store).remove(which(uuids)),
      (ended) => {
        expect(ended.end).toBe('committed');
        plans.add(ended.plans);
      },
    );
    expect(Math.max(...plans)).toBeLessThanOrEqual(2);
  });
});

describe('a snapshot that another installation disturbs at each commit', () => {
  /** Before each of the first `times` root puts the newest snapshot is deleted and swept, and another one taken. */
  async function disturbed(times: number): Promise<Ended> {
    const other = new Jobs(() => store);
    await history(other);
    let left = times;
    const puts = new Proxy(store as BlobStore, {
      get(target, property, receiver) {
        const value: unknown = Reflect.get(target, property, receiver);
        if (property !== 'put') return value;
        return async (key: string, body: Buffer) => {
          if (/\/snapshot\./.test(key) && left-- > 0) {
            shard.put('one-0', `{"left":${left}}`);
            for (let i = 0; i < 5; i++) shard.remove(`two-${i}`);
            for (let i = 0; i < 5; i++) shard.put(`two-${i}`, `{"left":${left}}`);
            const { snapshots } = await new Catalogue(store).readRoot();
            await snapshotOf(other, `other-${left}`);
            await other.remove(snapshots.map(({ uuid }) => uuid));
          }
          return target.put(key, body);
        };
      },
    });
    return snapshotOf(new Jobs(() => puts), 'mine');
  }

  test.each([1, 10])(
    '%d times plans again, and is committed',
    async (times) => {
      expect(await disturbed(times)).toMatchObject({ end: 'committed', plans: times + 1 });
      expect(MAX_REPLANS).toBe(10);
    },
    60_000,
  );

  test('11 times is FAILED, and leaves nothing but its reasons', async () => {
    const { uuid, end, plans } = await disturbed(11);
    expect({ end, plans }).toEqual({ end: 'failed', plans: 11 });
    const catalogue = new Catalogue(store);
    const entry = findSnapshotByUuid(await catalogue.readRoot(), uuid);
    expect(entry).toMatchObject({ snapshot: 'mine', state: 'FAILED', bytes: 0 });
    expect(store.keys().filter((key) => key.includes(`/${uuid}/`))).toEqual([entry?.manifest.key]);
  }, 60_000);
});

test('only a changed base makes a snapshot plan again', () => {
  expect(plansAgain('base_changed', 10)).toBe(true);
  expect(plansAgain('base_changed', 11)).toBe(false);
  expect(plansAgain('store_unavailable', 1)).toBe(false);
  expect(plansAgain(undefined, 1)).toBe(false);
});

test('nothing may be marked while a job has not said what it reads', () => {
  const planned = { snapshotUuid: 'own', reads: ['a', 'b'] };
  expect(snapshotsInUse([])).toEqual(new Set());
  expect(snapshotsInUse([planned, { reads: ['c'] }])).toEqual(new Set(['own', 'a', 'b', 'c']));
  expect(snapshotsInUse([planned, { reads: undefined }])).toBeUndefined();
});
