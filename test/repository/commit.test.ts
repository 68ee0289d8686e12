import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { type ShardEntry } from '../../src/contracts/stored';
import { CodecPool } from '../../src/documents/codec-pool';
import { findBases } from '../../src/repository/catalogue/base-rule';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import {
  addSnapshot,
  findSnapshot,
  indicesOf,
  withoutSwept,
  withRemoved,
  withSweeping,
} from '../../src/repository/catalogue/root';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { rollbackSnapshot } from '../../src/repository/deletion/orphans';
import { markSweeping, removeSnapshots } from '../../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../../src/repository/deletion/sweep';
import { type RootEntry, type SnapshotManifest } from '../../src/repository/format/format';
import { jobNoteName, newAttempt, newSnapshotUuid, parseRootKey, rootKey } from '../../src/repository/format/keys';
import { copySmallShard } from '../../src/repository/segments/settle-shard';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import {
  deleteSnapshots,
  expected,
  manifestWith,
  type Repository,
  restored,
  settling,
  takeSnapshot,
} from './support/shards';

const EMPTY = { format: 1, generation: 7, uuid: 'u', indices: [], snapshots: [], rolledBack: [] };
const ENTRY: ShardEntry = {
  manifest: {
    key: `snapkeep-snapshots/${'a'.repeat(22)}/i/0/shard.aaaaaaaa.json.gz`,
    length: 1,
    sha256: 'a'.repeat(64),
  },
  historyUuid: 'h',
  maxSeqNo: 1,
  sealedThrough: 1,
  totals: { objects: 1, bytes: 1, addedObjects: 1, addedBytes: 1, documents: 1 },
  startMillis: 1,
  millis: 1,
};

const pool = new CodecPool(1);
let store: MemoryBlobStore;
let catalogue: Catalogue;
let repository: Repository;

beforeEach(() => {
  store = new MemoryBlobStore();
  repository = on(store);
  ({ catalogue } = repository);
});

function on(some: BlobStore): Repository {
  return { store: some, catalogue: new Catalogue(some), pool };
}

function empty(name: string): SnapshotManifest {
  return manifestWith(name, newSnapshotUuid(), []);
}

async function names(): Promise<string[]> {
  return (await new Catalogue(store).readRoot()).snapshots.map(({ snapshot }) => snapshot);
}

function roots(): number[] {
  return store
    .keys()
    .map(parseRootKey)
    .filter((generation) => generation !== undefined)
    .sort((a, b) => a - b);
}

describe('committing a root', () => {
  test('makes generation 1 of a repository that was never written', async () => {
    expect(await catalogue.readRoot()).toMatchObject({ generation: 0, snapshots: [] });
    await commitSnapshot(catalogue, empty('one'), { compress: true });
    expect(await new Catalogue(store).readRoot()).toMatchObject({
      generation: 1,
      uuid: expect.stringMatching(/^.{22}$/),
    });
  });

  test('keeps the former root, and the uuid for ever', async () => {
    const uuids = new Set<string>();
    for (const name of ['one', 'two', 'three', 'four']) {
      await commitSnapshot(catalogue, empty(name), { compress: true });
      uuids.add((await catalogue.readRoot()).uuid);
    }
    expect(roots()).toEqual([3, 4]);
    expect(uuids.size).toBe(1);
  });

  test('of many writers at once loses none', async () => {
    const all = Array.from({ length: 12 }, (_, i) => `snap-${i}`);
    await Promise.all(all.map((name) => commitSnapshot(new Catalogue(store), empty(name), { compress: false })));
    expect((await names()).sort()).toEqual(all.sort());
    expect(roots().at(-1)).toBe(12);
  });

  test('does not count where the generation had come and gone since it was listed', async () => {
    await commitSnapshot(catalogue, empty('one'), { compress: true });
    const slow = new FaultyBlobStore(store).plan('putIfAbsent', {
      run: async () => {
        for (const name of ['two', 'three', 'four']) await commitSnapshot(catalogue, empty(name), { compress: true });
        expect(roots()).toEqual([3, 4]); // generation 2, which the slow writer is about to put, is free again
      },
    });
    await commitSnapshot(new Catalogue(slow), empty('slow'), { compress: true });
    slow.assertAllHappened();
    expect(await names()).toEqual(['one', 'two', 'three', 'four', 'slow']);
    expect(roots()).toEqual([4, 5]);
  });

  test('is not repeated when only its answer was lost', async () => {
    const manifest = empty('one');
    const lossy = new FaultyBlobStore(store).plan('putIfAbsent', { fail: 'store_unavailable', failAfterwards: true });
    await expect(commitSnapshot(new Catalogue(lossy), manifest, { compress: true })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    await commitSnapshot(catalogue, manifest, { compress: true });
    expect(await names()).toEqual(['one']);
    expect(roots()).toEqual([1]);
  });

  test('starts from the present root when the view it was given is out of date', async () => {
    const from = await catalogue.viewRoot();
    await commitSnapshot(catalogue, empty('one'), { compress: true });
    await commitSnapshot(catalogue, empty('two'), { compress: true, from });
    expect(await names()).toEqual(['one', 'two']);
  });

  test('refuses a name only if the present root has it', async () => {
    const entry = await commitSnapshot(catalogue, empty('one'), { compress: true });
    const from = await catalogue.viewRoot();
    await removeSnapshots(catalogue, [entry.uuid]);
    await commitSnapshot(catalogue, empty('one'), { compress: true, from });
    await expect(commitSnapshot(catalogue, empty('one'), { compress: true })).rejects.toMatchObject({
      code: 'snapshot_name_already_in_use_exception',
    });
  });

  test('reads on when the root it listed is gone before it is read', async () => {
    await commitSnapshot(catalogue, empty('one'), { compress: true });
    const faulty = new FaultyBlobStore(store).plan('get', {
      run: async () => {
        for (const name of ['two', 'three']) await commitSnapshot(catalogue, empty(name), { compress: true });
      },
    });
    expect((await new Catalogue(faulty).readRoot()).generation).toBe(3);
  });
});

describe('a root', () => {
  test.each([
    ['is no JSON', 'nonsense'],
    ['has another generation than its name', JSON.stringify({ ...EMPTY, generation: 8 })],
    ['lacks a field', JSON.stringify({ ...EMPTY, snapshots: undefined })],
    ['is of a newer format', JSON.stringify({ ...EMPTY, format: 2 })],
  ])('that %s is refused', async (_, body) => {
    await store.put(rootKey(7), Buffer.from(body));
    await expect(catalogue.readRoot()).rejects.toMatchObject({ code: 'repository_corrupt' });
  });

  test('keeps fields that a later release added', async () => {
    await store.put(rootKey(7), Buffer.from(JSON.stringify({ ...EMPTY, novelty: { kept: true } })));
    await commitSnapshot(catalogue, empty('one'), { compress: true });
    expect(await catalogue.readRoot()).toMatchObject({ generation: 8, novelty: { kept: true } });
  });

  test('names each index once, and only those of its snapshots', async () => {
    const [logs, users] = [new ShardModel('logs', 'logs-uuid'), new ShardModel('users', 'users-uuid')];
    logs.put('a', '{}');
    users.put('b', '{}');
    const first = await takeSnapshot(repository, 'one', [logs]);
    await takeSnapshot(repository, 'two', [logs, users]);
    await takeSnapshot(repository, 'three', [users]);
    let root = await catalogue.readRoot();
    expect(root.indices.map(({ name }) => name)).toEqual(['logs', 'users']);
    expect(root.snapshots.map((entry) => indicesOf(root, entry).map(({ name }) => name))).toEqual([
      ['logs'],
      ['logs', 'users'],
      ['users'],
    ]);
    await deleteSnapshots(catalogue, [first.uuid, root.snapshots[1].uuid]);
    root = await catalogue.readRoot();
    expect(root.indices.map(({ name }) => name)).toEqual(['users']);
    expect(indicesOf(root, root.snapshots[0])).toEqual([{ name: 'users', uuid: 'users-uuid' }]);
  });

  test('of 1,000 snapshots of 100 indices stays small, and adding and removing quick', async () => {
    let root = await catalogue.readRoot();
    const manifests: SnapshotManifest[] = [];
    for (let i = 0; i < 1000; i++) {
      const indices = Array.from({ length: 100 }, (_, k) => ({
        name: `logs-${i + k}`,
        uuid: `uuid-${i + k}`,
        settings: '',
        mappings: '',
        aliases: '',
        shards: [ENTRY],
      }));
      manifests.push({ ...empty(`snap-${i}`), indices });
      root = addSnapshot(root, manifests[i], ENTRY.manifest);
    }
    expect(JSON.stringify(root).length).toBeLessThan(700_000);
    const started = performance.now();
    const some = new Set([manifests[500].uuid]);
    withoutSwept(withSweeping(withRemoved(root, some, 1), new Set()), some);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('a snapshot that was rolled back', () => {
  test('can never be committed, not even by a commit that was under way', async () => {
    const manifest = empty('one');
    const slow = new FaultyBlobStore(store).plan('putIfAbsent', {
      run: async () => {
        expect(await rollbackSnapshot(catalogue, manifest.uuid)).toMatchObject({ committed: false, objects: 1 });
      },
    });
    await expect(commitSnapshot(new Catalogue(slow), manifest, { compress: true })).rejects.toMatchObject({
      code: 'concurrent_snapshot_execution_exception',
    });
    slow.assertAllHappened();
    expect(await names()).toEqual([]);
  });

  test('is left alone if it was committed after all', async () => {
    const shard = new ShardModel();
    shard.put('a', '{}');
    const entry = await takeSnapshot(repository, 'one', [shard]);
    const before = store.keys();
    expect(await rollbackSnapshot(catalogue, entry.uuid)).toEqual({ committed: true, objects: 0, bytes: 0 });
    expect(store.keys()).toEqual(before);
  });
});

describe('the base rule', () => {
  let shard: ShardModel;

  beforeEach(async () => {
    shard = new ShardModel();
    for (let i = 0; i < 6; i++) shard.put(`doc-${i}`, '{}');
    await takeSnapshot(repository, 'base', [shard]);
  });

  /** A job that has copied its shard and is about to commit. */
  async function copied(name: string): Promise<() => Promise<unknown>> {
    const uuid = newSnapshotUuid();
    const entry = await copySmallShard(await settling(repository, shard, uuid));
    return () => commitSnapshot(catalogue, manifestWith(name, uuid, [{ shard, entry }]), { compress: true });
  }

  test('refuses a snapshot that uses what the newest does not use any more', async () => {
    shard.put('later', '{}');
    const commitFirst = await copied('first');
    for (let i = 0; i < 6; i++) shard.put(`doc-${i}`, '{"new":1}');
    await takeSnapshot(repository, 'second', [shard]);
    await expect(commitFirst()).rejects.toMatchObject({ code: 'base_changed', details: { shards: ['logs[0]'] } });
  });

  test('lets two jobs that share the same objects both commit', async () => {
    shard.put('x', '{}');
    const commitFirst = await copied('first');
    shard.put('y', '{}');
    const commitSecond = await copied('second');
    await commitFirst();
    await commitSecond();
    expect(await names()).toEqual(['base', 'first', 'second']);
  });

  test('lets a snapshot build on a base that was removed, until that is marked for sweeping', async () => {
    shard.put('x', '{}');
    const [first, second] = [await copied('first'), await copied('second')];
    const base = (await catalogue.readRoot()).snapshots[0];
    await removeSnapshots(catalogue, [base.uuid]);
    await first();
    const added = (await catalogue.readRoot()).snapshots[0];
    expect(added.addedBytes).toBeLessThan(added.bytes);
    await removeSnapshots(catalogue, [added.uuid]);
    await markSweeping(catalogue, { inUse: new Set([added.uuid]) });
    await second();
    await markSweeping(catalogue, { inUse: new Set() });
    const third = await copied('third');
    await deleteSnapshots(catalogue, [(await catalogue.readRoot()).snapshots[0].uuid]);
    await expect(third()).rejects.toMatchObject({ code: 'base_changed', details: { shards: ['logs[0]'] } });
  });

  test('is looked up in the present root when the newest holder is swept while it is', async () => {
    shard.put('x', '{}');
    const newest = await takeSnapshot(repository, 'newest', [shard]);
    const removing = async () => {
      await deleteSnapshots(catalogue, [newest.uuid]);
    };
    const slow = new FaultyBlobStore(store).plan('get', { when: (key) => key === newest.manifest.key, run: removing });
    const other = new Catalogue(slow);
    const bases = await findBases(other, await other.readRoot(), [{ indexUuid: shard.indexUuid, shard: 0 }]);
    slow.assertAllHappened();
    expect([...bases.values()].map(({ snapshotUuid }) => snapshotUuid)).toEqual([
      (await catalogue.readRoot()).snapshots[0].uuid,
    ]);
  });

  test('is checked against the present root when the newest holder is swept while it is', async () => {
    const base = (await catalogue.readRoot()).snapshots[0];
    shard.put('x', '{}');
    const uuid = newSnapshotUuid();
    const entry = await copySmallShard(await settling(repository, shard, uuid));
    const newest = await takeSnapshot(repository, 'newest', [shard]);
    const slow = new FaultyBlobStore(store).plan('get', {
      when: (key) => key === newest.manifest.key,
      run: async () => {
        await deleteSnapshots(catalogue, [newest.uuid]);
      },
    });
    await commitSnapshot(new Catalogue(slow), manifestWith('mine', uuid, [{ shard, entry }]), { compress: true });
    slow.assertAllHappened();
    expect(entry.base).toContain(base.uuid);
    expect(await names()).toEqual(['base', 'mine']);
  });

  test('gives a shard no base when the newest snapshot that may hold it is damaged', async () => {
    shard.put('x', '{}');
    const newest = await takeSnapshot(repository, 'newest', [shard]);
    await store.delete([newest.manifest.key]);
    const fresh = new Catalogue(store);
    const bases = await findBases(fresh, await fresh.readRoot(), [{ indexUuid: shard.indexUuid, shard: 0 }]);
    expect(bases.size).toBe(0);
  });

  test('looks past snapshots that failed to hold the shard', async () => {
    await commitSnapshot(catalogue, manifestWith('failed', newSnapshotUuid(), [{ shard, entry: null }]), {
      compress: true,
    });
    shard.put('x', '{}');
    const commit = await copied('next');
    await commit();
    const root = await catalogue.readRoot();
    expect(root.snapshots[1]).toMatchObject({ state: 'FAILED', dataless: '0', shards: { total: 1, failed: 1 } });
    const { indices } = await catalogue.readSnapshotManifest(root.snapshots[2].manifest);
    expect(indices[0].shards[0]?.totals).toMatchObject({ objects: 2, addedObjects: 1 });
  });

  test('lets a clone in behind its source, whatever was committed since', async () => {
    const root = await catalogue.readRoot();
    const source = root.snapshots[0];
    for (let i = 0; i < 6; i++) shard.put(`doc-${i}`, '{"new":1}');
    await takeSnapshot(repository, 'later', [shard]);
    const manifest = {
      ...(await catalogue.readSnapshotManifest(source.manifest)),
      snapshot: 'clone',
      uuid: newSnapshotUuid(),
    };
    await expect(commitSnapshot(catalogue, manifest, { compress: true })).rejects.toMatchObject({
      code: 'base_changed',
    });
    const clone = await commitSnapshot(catalogue, manifest, { compress: true, cloneOf: source.uuid });
    expect(await names()).toEqual(['base', 'clone', 'later']);
    await deleteSnapshots(catalogue, [source.uuid]);
    const { indices } = await catalogue.readSnapshotManifest(clone.manifest);
    expect(await restored(on(store), indices[0].shards[0] as ShardEntry)).toHaveLength(6);
  });

  test('refuses a clone that is none', async () => {
    const source = (await catalogue.readRoot()).snapshots[0];
    shard.put('x', '{}');
    const uuid = newSnapshotUuid();
    const entry = await copySmallShard(await settling(repository, shard, uuid));
    await expect(
      commitSnapshot(catalogue, manifestWith('clone', uuid, [{ shard, entry }]), {
        compress: true,
        cloneOf: source.uuid,
      }),
    ).rejects.toMatchObject({ code: 'illegal_argument_exception' });
  });
});

describe('a sweep', () => {
  test('frees only what neither neighbour uses', async () => {
    const shard = new ShardModel();
    for (let i = 0; i < 4; i++) shard.put(`a-${i}`, '{}');
    await takeSnapshot(repository, 'one', [shard]);
    for (let i = 0; i < 4; i++) shard.put(`b-${i}`, '{}');
    const second = await takeSnapshot(repository, 'two', [shard]);
    for (let i = 0; i < 4; i++) shard.remove(`b-${i}`);
    await takeSnapshot(repository, 'three', [shard]);
    const { objects } = await deleteSnapshots(catalogue, [second.uuid]);
    expect(objects).toBe(3); // the segment of b, the shard manifest, the snapshot manifest
    expect(store.keys().some((key) => key.includes(second.uuid))).toBe(false);
    const root = await catalogue.readRoot();
    const { indices } = await catalogue.readSnapshotManifest(root.snapshots[1].manifest);
    expect(await restored(repository, indices[0].shards[0] as ShardEntry)).toEqual(expected(shard));
  });

  test('takes along what a job left that had no time to tidy up', async () => {
    const shard = new ShardModel();
    shard.put('a', '{}');
    const first = await takeSnapshot(repository, 'one', [shard]);
    shard.put('b', '{}');
    const second = await takeSnapshot(repository, 'two', [shard]);
    await copySmallShard({ ...(await settling(repository, shard, first.uuid)), base: undefined }); // a try that lost
    await store.put(`${jobNoteName(first.uuid, 'plan', newAttempt())}`, Buffer.from('{}'));
    await deleteSnapshots(catalogue, [first.uuid]);
    expect(store.keys().filter((key) => key.includes(first.uuid))).toHaveLength(1); // the segment the second shares
    const { indices } = await catalogue.readSnapshotManifest(second.manifest);
    expect(await restored(on(store), indices[0].shards[0] as ShardEntry)).toEqual(expected(shard));
  });

  test('leaves alone what is not removed, and what is removed but not marked', async () => {
    const shard = new ShardModel();
    shard.put('a', '{}');
    const entry = await takeSnapshot(repository, 'one', [shard]);
    const before = store.keys().filter((key) => parseRootKey(key) === undefined);
    expect(await sweepMarked(catalogue)).toMatchObject({ snapshots: 0, objects: 0, left: 0 });
    await removeSnapshots(catalogue, [entry.uuid]);
    await markSweeping(catalogue, { inUse: new Set([entry.uuid]) });
    expect(await sweepMarked(catalogue)).toMatchObject({ snapshots: 0, objects: 0, left: 1 });
    expect(store.keys().filter((key) => parseRootKey(key) === undefined)).toEqual(before);
  });

  test('looks the neighbours up again when one of them is removed and swept meanwhile', async () => {
    const shard = new ShardModel();
    const entries: RootEntry[] = [];
    for (const name of ['one', 'two', 'three']) {
      shard.put(name, '{}');
      entries.push(await takeSnapshot(repository, name, [shard]));
    }
    await removeSnapshots(catalogue, [entries[0].uuid]);
    await markSweeping(catalogue, { inUse: new Set() });
    // While the first is swept, just before it reads the second's shard manifest, the second goes, too.
    const { indices } = await catalogue.readSnapshotManifest(entries[1].manifest);
    const key = indices[0].shards[0]?.manifest.key;
    const slow = new FaultyBlobStore(store).plan('get', {
      when: (one) => one === key,
      run: async () => {
        await deleteSnapshots(catalogue, [entries[1].uuid]);
      },
    });
    await sweepMarked(new Catalogue(slow));
    slow.assertAllHappened();
    const third = findSnapshot(await catalogue.readRoot(), 'three');
    const held = (await catalogue.readSnapshotManifest(third?.manifest ?? entries[2].manifest)).indices[0].shards[0];
    expect(await restored(repository, held as ShardEntry)).toEqual(expected(shard));
  });
});
