import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { markSweeping, removeSnapshots } from '../../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../../src/repository/deletion/sweep';
import { type RootEntry } from '../../src/repository/format/format';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { deleteSnapshots, type Repository, takeSnapshot } from './support/shards';

/**
 * What each operation asks of the store: requests are what small jobs take their time for, and what a bucket charges.
 */

let store: FaultyBlobStore;
let repository: Repository;
let shard: ShardModel;

beforeEach(() => {
  store = new FaultyBlobStore(new MemoryBlobStore());
  repository = { store, catalogue: new Catalogue(store), pool: new CodecPool(1) };
  shard = new ShardModel();
  shard.put('a', '{}');
});

/** Requests of `work`, as method and kind of object. */
async function requests(work: () => Promise<unknown>): Promise<string[]> {
  const before = store.calls.length;
  await work();
  return store.calls.slice(before).map((call) => {
    const [method, key = ''] = call.split(' ');
    const name = key.split('/').at(-1) ?? '';
    const kind = /^snapkeep-root-/.test(name) ? 'root' : /\.bulk/.test(name) ? 'segment' : name.split('.')[0];
    return `${method} ${kind}`;
  });
}

function another(): Repository {
  return { ...repository, catalogue: new Catalogue(store) };
}

test('a first small snapshot', async () => {
  expect(await requests(() => takeSnapshot(repository, 'one', [shard]))).toEqual([
    'list root',
    'list root', // looked at again by the test's settling
    'put segment',
    'put shard',
    'put snapshot',
    'putIfAbsent root',
    'list root',
  ]);
});

test('a snapshot of unchanged shards, in a process that knows nothing', async () => {
  await takeSnapshot(repository, 'one', [shard]);
  expect(await requests(() => takeSnapshot(another(), 'two', [shard]))).toEqual([
    'list root',
    'get root',
    'get snapshot',
    'put snapshot',
    'putIfAbsent root',
    'list root',
  ]);
});

test('the third commit deletes the first root beside its last listing', async () => {
  await takeSnapshot(repository, 'one', [shard]);
  await takeSnapshot(repository, 'two', [shard]);
  const calls = await requests(() => takeSnapshot(repository, 'three', [shard]));
  expect(calls.slice(-3)).toEqual(['putIfAbsent root', 'list root', 'delete root']);
  expect(store.count('delete')).toBe(1);
});

test('removing a snapshot, and sweeping it', async () => {
  const entries: RootEntry[] = [];
  for (const name of ['one', 'two', 'three']) {
    shard.put(name, '{}');
    entries.push(await takeSnapshot(repository, name, [shard]));
  }
  const { catalogue } = another();
  expect(await requests(() => removeSnapshots(catalogue, [entries[1].uuid]))).toEqual([
    'list root',
    'get root',
    'putIfAbsent root',
    'list root',
    'delete root',
  ]);
  expect(await requests(() => markSweeping(catalogue, { inUse: new Set() }))).toEqual([
    'list root',
    'get root',
    'putIfAbsent root',
    'list root',
    'delete root',
  ]);
  expect(await requests(() => sweepMarked(catalogue))).toEqual([
    'list root',
    'get root',
    'get snapshot',
    'list ',
    'get snapshot',
    'get snapshot',
    'get shard',
    'get shard',
    'get shard',
    'delete shard',
    'delete snapshot',
    'list root', // to forget it
    'get root',
    'putIfAbsent root',
    'list root',
    'delete root',
  ]);
});

test('sweeping one of many snapshots asks no more than sweeping one of few', async () => {
  const counts: number[] = [];
  for (const snapshots of [3, 60]) {
    while ((await repository.catalogue.readRoot()).snapshots.length < snapshots) {
      shard.put('again', '{}');
      await takeSnapshot(repository, `snap-${Math.random()}`, [shard]);
    }
    const root = await repository.catalogue.readRoot();
    const entry = root.snapshots[Math.floor(root.snapshots.length / 2)];
    const { catalogue } = another();
    const calls = await requests(async () => {
      await deleteSnapshots(catalogue, [entry.uuid]);
    });
    counts.push(calls.length);
  }
  expect(counts[1]).toBeLessThanOrEqual(counts[0] + 1);
});
