import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { HolderIndex } from '../../src/repository/catalogue/holders';
import { initRoot } from '../../src/repository/catalogue/init-root';
import { addSnapshot, EMPTY_ROOT } from '../../src/repository/catalogue/root';
import { commitFailedSnapshot } from '../../src/repository/committing/commit-failed-snapshot';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { cleanupRepository, reachedByRoot, rollbackSnapshot } from '../../src/repository/deletion/orphans';
import { markSweeping, removeSnapshots } from '../../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../../src/repository/deletion/sweep';
import { type Root, type RootEntry } from '../../src/repository/format/format';
import { newSnapshotUuid, parseRootKey, rootKey, snapshotManifestName } from '../../src/repository/format/keys';
import { putMetadata } from '../../src/repository/format/metadata';
import { shareMappings } from '../../src/repository/format/shared-mappings';
import { copySmallShard } from '../../src/repository/segments/settle-shard';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { deleteSnapshots, expected, manifestWith, restored, settling, takeSnapshot } from './support/shards';

const pool = new CodecPool(1);
const nobody = { running: async () => new Set<string>() };
let store: MemoryBlobStore;
let shard: ShardModel;

beforeEach(() => {
  store = new MemoryBlobStore();
  shard = new ShardModel();
});

function fresh(): Catalogue {
  return new Catalogue(store);
}

async function takes(name: string): Promise<RootEntry> {
  for (let i = 0; i < 4; i++) shard.put(`${name}-${i}`, '{}');
  return takeSnapshot({ store, catalogue: fresh(), pool }, name, [shard]);
}

async function contentsOf(entry: RootEntry) {
  const catalogue = fresh();
  const { indices } = await catalogue.readSnapshotManifest(entry.manifest);
  return restored({ store, catalogue, pool }, indices[0].shards[0]!);
}

function data(): string[] {
  return store.keys().filter((key) => parseRootKey(key) === undefined);
}

describe('a removed snapshot', () => {
  test('leaves the catalogue at once, its name is free, and nothing is deleted', async () => {
    const entry = await takes('one');
    const before = data();
    const root = await removeSnapshots(fresh(), [entry.uuid], { nowMillis: 77 });
    expect(root.snapshots).toEqual([]);
    expect(root.removed).toMatchObject([{ uuid: entry.uuid, removedMillis: 77, sweeping: false }]);
    expect(data()).toEqual(before);
    await takes('one');
  });

  test('may be removed twice, forgotten twice, and swept by two at a time', async () => {
    const entries = [await takes('one'), await takes('two'), await takes('three')];
    const uuids = entries.slice(0, 2).map(({ uuid }) => uuid);
    await Promise.all([removeSnapshots(fresh(), uuids), removeSnapshots(fresh(), uuids)]);
    await Promise.all([1, 2].map(() => markSweeping(fresh(), { inUse: new Set() })));
    await Promise.all([1, 2].map(() => sweepMarked(fresh())));
    expect(await sweepMarked(fresh())).toMatchObject({ snapshots: 0, left: 0 });
    const root = await removeSnapshots(fresh(), uuids);
    expect(root).toMatchObject({ removed: [], swept: expect.arrayContaining(uuids) });
    expect(await contentsOf(entries[2])).toEqual(expected(shard));
    expect(data()).toEqual([...(await reachedByRoot(fresh()))].sort());
  });

  test('that is in use is spared, and what was removed later than the jobs were asked', async () => {
    const [one, two, three] = [await takes('one'), await takes('two'), await takes('three')];
    const { generation: through } = await removeSnapshots(fresh(), [one.uuid, two.uuid]);
    await removeSnapshots(fresh(), [three.uuid]);
    const root = await markSweeping(fresh(), { inUse: new Set([two.uuid]), through });
    expect(root.removed.map(({ snapshot, sweeping }) => [snapshot, sweeping])).toEqual([
      ['one', true],
      ['two', false],
      ['three', false],
    ]);
    expect(await sweepMarked(fresh())).toMatchObject({ snapshots: 1, left: 2, stuck: 0 });
  });

  test('can’t be cloned, committed again or rolled back', async () => {
    const entry = await takes('one');
    const manifest = await fresh().readSnapshotManifest(entry.manifest);
    const clone = { ...manifest, snapshot: 'clone', uuid: newSnapshotUuid() };
    for (const step of ['removed', 'swept']) {
      if (step === 'removed') await removeSnapshots(fresh(), [entry.uuid]);
      else await deleteSnapshots(fresh(), [entry.uuid]);
      const options = { compress: true };
      await expect(commitSnapshot(fresh(), clone, { ...options, cloneOf: entry.uuid })).rejects.toMatchObject({
        code: 'snapshot_missing_exception',
      });
      await expect(commitSnapshot(fresh(), manifest, options)).rejects.toMatchObject({ code: 'snapshot_aborted' });
      await expect(commitFailedSnapshot(fresh(), manifest, options)).rejects.toMatchObject({
        code: 'snapshot_aborted',
      });
      expect(await rollbackSnapshot(fresh(), entry.uuid)).toEqual({ committed: true, objects: 0, bytes: 0 });
    }
  });

  test('reaches its objects until it is forgotten, so that a clean-up beside a sweep spares them', async () => {
    const [one, two] = [await takes('one'), await takes('two')];
    await removeSnapshots(fresh(), [one.uuid]);
    const before = data();
    expect(await cleanupRepository(fresh(), nobody)).toEqual({ objects: 0, bytes: 0 });
    expect(data()).toEqual(before);
    await markSweeping(fresh(), { inUse: new Set() });
    await cleanupRepository(fresh(), nobody);
    await sweepMarked(fresh());
    expect(await contentsOf(two)).toEqual(expected(shard));
    expect(data()).toEqual([...(await reachedByRoot(fresh()))].sort());
  });
});

describe('a snapshot whose manifest is missing or damaged', () => {
  const damages: [string, (key: string) => Promise<void>][] = [
    ['missing', (key) => store.delete([key])],
    ['damaged', (key) => store.put(key, Buffer.from('nonsense'))],
  ];

  test.each(damages)('(%s) is in nobody’s way: others are taken, deleted and swept', async (_, damage) => {
    const [one, two, three] = [await takes('one'), await takes('two'), await takes('three')];
    await damage(two.manifest.key);
    const four = await takes('four');
    expect((await fresh().readRoot()).snapshots).toHaveLength(4);
    expect(await contentsOf(four)).toEqual(expected(shard));
    // What the damaged one may use of its neighbour stays until it is deleted, too.
    expect(await deleteSnapshots(fresh(), [one.uuid])).toMatchObject({ snapshots: 0, stuck: 1 });
    expect(await deleteSnapshots(fresh(), [four.uuid])).toMatchObject({ snapshots: 1, stuck: 1 });
    expect(await deleteSnapshots(fresh(), [two.uuid])).toMatchObject({ snapshots: 2, stuck: 0 });
    expect((await fresh().readRoot()).removed).toEqual([]);
    expect((await contentsOf(three)).length).toBe(12);
    expect(data()).toEqual([...(await reachedByRoot(fresh()))].sort());
  });

  test.each(damages)('(%s) as the newest gives no base: the next snapshot copies whole', async (_, damage) => {
    await takes('one');
    const two = await takes('two');
    await damage(two.manifest.key);
    const three = await takes('three');
    expect(three.addedBytes).toBe(three.bytes);
    const four = await takes('four');
    expect(four.addedBytes).toBeLessThan(four.bytes);
  });

  test.each(damages)('(%s) is named by a clean-up, which then does nothing', async (_, damage) => {
    const one = await takes('one');
    await damage(one.manifest.key);
    const before = data();
    await expect(cleanupRepository(fresh(), nobody)).rejects.toMatchObject({ code: 'repository_corrupt' });
    expect(data()).toEqual(before);
  });

  test.each(damages)('(%s shard manifest) is swept as far as its prefix tells', async (_, damage) => {
    const [one, two] = [await takes('one'), await takes('two')];
    const { indices } = await fresh().readSnapshotManifest(two.manifest);
    await damage(indices[0].shards[0]!.manifest.key);
    await deleteSnapshots(fresh(), [two.uuid]);
    expect(store.keys().filter((key) => key.includes(two.uuid))).toEqual([]);
    expect(await contentsOf(one)).toHaveLength(4);
  });
});

describe('sweeping many snapshots', () => {
  /** Snapshots of one index each, a third of which nobody else has; nine of ten are removed and marked. */
  async function marked(snapshots: number): Promise<Root> {
    store = new MemoryBlobStore();
    const indices = Array.from({ length: snapshots }, (_, i) => ({ name: `logs-${i}`, uuid: `index-${i}` }));
    const entries: RootEntry[] = [];
    for (let i = 0; i < snapshots; i++) {
      const [uuid, at] = [`snapshot-${i}`, i % 3 === 0 ? i : i % 50];
      const model = new ShardModel(`logs-${at}`, `index-${at}`);
      const manifest = manifestWith(`s${i}`, uuid, [{ shard: model, entry: null }]);
      const stored = { ...manifest, ...shareMappings(manifest.indices) };
      const ref = await putMetadata(store, snapshotManifestName(uuid, 'aaaaaaaa'), stored, { compress: false });
      // As if it held the shard: then its neighbours are looked for.
      entries.push({
        ...addSnapshot(EMPTY_ROOT, manifest, ref).snapshots[0],
        order: i + 1,
        indices: `${at}`,
        dataless: '',
      });
    }
    const root = { ...EMPTY_ROOT, uuid: 'u', generation: snapshots, indices, snapshots: entries };
    await store.put(rootKey(snapshots), Buffer.from(JSON.stringify(root)));
    const going = entries.filter((_, i) => i % 10 !== 0).map(({ uuid }) => uuid);
    await removeSnapshots(fresh(), going);
    return markSweeping(fresh(), { inUse: new Set() });
  }

  test('asks the store as often for each of many as for each of few, and commits once for 500', async () => {
    const asked: number[] = [];
    for (const snapshots of [200, 2000]) {
      await marked(snapshots);
      const faulty = new FaultyBlobStore(store);
      const swept = await sweepMarked(new Catalogue(faulty));
      expect(swept).toMatchObject({ snapshots: snapshots * 0.9, left: 0, stuck: 0 });
      expect(faulty.count('putIfAbsent')).toBe(Math.ceil((snapshots * 0.9) / 500));
      asked.push(faulty.calls.length / snapshots);
    }
    expect(asked[1]).toBeLessThanOrEqual(asked[0] * 1.1);
  }, 120_000);

  test('finds neighbours in a root of 9,000 without going through it for each', async () => {
    const root = await marked(9_000);
    const catalogue = fresh();
    const started = performance.now();
    const index = new HolderIndex(root);
    for (const { order, indices } of root.removed) {
      const shards = [{ indexUuid: `index-${indices}`, shard: 0 }];
      await index.neighbours(catalogue, order, Number(indices) % 3 === 0 ? shards : [], {});
    }
    expect(performance.now() - started).toBeLessThan(20_000);
  }, 120_000);
});

describe('a snapshot that failed after it was promised', () => {
  test('is listed as FAILED with its reasons, and nothing else of it is left', async () => {
    await takes('one');
    const before = data();
    const uuid = newSnapshotUuid();
    shard.put('x', '{}');
    const entry = await copySmallShard(await settling({ store, catalogue: fresh(), pool }, shard, uuid));
    const failures = [
      { index: 'logs', indexUuid: shard.indexUuid, shard: 0, reason: 'because', status: 'BAD_REQUEST' },
    ];
    const manifest = { ...manifestWith('two', uuid, [{ shard, entry }]), failures };
    for (let i = 0; i < 2; i++) {
      const committed = await commitFailedSnapshot(fresh(), manifest, { compress: true });
      expect(committed).toMatchObject({ state: 'FAILED', documents: 0, bytes: 0, shards: { total: 1, failed: 1 } });
      expect((await fresh().readSnapshotManifest(committed.manifest)).failures).toEqual(failures);
      expect(data()).toEqual([...before, committed.manifest.key].sort());
    }
    expect(await commitSnapshot(fresh(), manifest, { compress: true })).toMatchObject({ state: 'FAILED' });
    expect(await rollbackSnapshot(fresh(), uuid)).toMatchObject({ committed: true });
  });

  test('stays what it is if it was committed after all', async () => {
    const entry = await takes('one');
    const manifest = await fresh().readSnapshotManifest(entry.manifest);
    const before = store.keys();
    expect(await commitFailedSnapshot(fresh(), manifest, { compress: true })).toMatchObject({ state: 'SUCCESS' });
    expect(store.keys()).toEqual(before);
  });

  test('is refused where its name was taken, or it was rolled back', async () => {
    await takes('one');
    const manifest = manifestWith('one', newSnapshotUuid(), []);
    await expect(commitFailedSnapshot(fresh(), manifest, { compress: true })).rejects.toMatchObject({
      code: 'snapshot_name_already_in_use_exception',
    });
    await rollbackSnapshot(fresh(), manifest.uuid);
    await expect(commitFailedSnapshot(fresh(), manifest, { compress: true })).rejects.toMatchObject({
      code: 'concurrent_snapshot_execution_exception',
    });
  });
});

describe('the first root', () => {
  test('is made once, however many make it', async () => {
    const roots = await Promise.all(Array.from({ length: 8 }, () => initRoot(fresh())));
    expect(new Set(roots.map(({ uuid }) => uuid)).size).toBe(1);
    expect(store.keys()).toEqual(['snapkeep-root-1']);
    expect(await initRoot(fresh())).toEqual(roots[0]);
  });

  test('gives the repository the uuid that it keeps', async () => {
    const { uuid } = await initRoot(fresh());
    await takes('one');
    expect(await initRoot(fresh())).toMatchObject({ uuid, generation: 2, snapshots: [{ snapshot: 'one' }] });
  });
});
