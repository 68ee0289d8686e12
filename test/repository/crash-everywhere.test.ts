import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { findSnapshot } from '../../src/repository/catalogue/root';
import { deleteLeftovers, reachedByRoot, rollbackSnapshot } from '../../src/repository/deletion/orphans';
import { newAttempt, newSnapshotUuid, parseRootKey, snapshotManifestName } from '../../src/repository/format/keys';
import { Crash, CrashingBlobStore } from './support/crashing-blob-store';
import { MemoryBlobStore } from './support/memory-blob-store';
import { type ModelDocument, ShardModel } from './support/shard-model';
import { deleteSnapshots, expected, type Repository, restored, takeSnapshot } from './support/shards';

/** The process dies at each store call in turn, that call reaching the store or not; another does the step again. */

const pool = new CodecPool(1);
let history: MemoryBlobStore;
let shard: ShardModel;
let contents: Map<string, ModelDocument[]>;

function repositoryOn(store: BlobStore): Repository {
  return { store, catalogue: new Catalogue(store), pool };
}

beforeEach(async () => {
  history = new MemoryBlobStore();
  shard = new ShardModel();
  contents = new Map();
  for (const name of ['one', 'two', 'three']) {
    for (let i = 0; i < 6; i++) shard.put(`${name}-${i}`, `{"n":${i}}`);
    shard.remove(`one-${contents.size}`);
    await takeSnapshot(repositoryOn(history), name, [shard], { writing: { chunkSizeBytes: 150 } });
    contents.set(name, expected(shard));
  }
});

async function survivesEveryCrash(
  step: (repository: Repository) => Promise<unknown>,
  check: (store: MemoryBlobStore) => Promise<void>,
): Promise<void> {
  let crashes = 0;
  for (let callsToLive = 0; ; callsToLive++) {
    for (const lastCall of ['lost', 'reaches'] as const) {
      const store = history.copy();
      try {
        await step(repositoryOn(new CrashingBlobStore(store, callsToLive, lastCall)));
        expect(crashes).toBeGreaterThan(4);
        return;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        crashes++;
      }
      await step(repositoryOn(store));
      await check(store);
    }
  }
}

async function expectExactly(store: MemoryBlobStore, snapshots: readonly string[]): Promise<void> {
  const repository = repositoryOn(store);
  const root = await repository.catalogue.readRoot();
  expect(root.snapshots.map(({ snapshot }) => snapshot)).toEqual(snapshots);
  expect(root.removed).toEqual([]);
  const kept = store.keys().filter((key) => parseRootKey(key) === undefined);
  expect(kept).toEqual([...(await reachedByRoot(repository.catalogue))].sort());
  for (const entry of root.snapshots) {
    const { indices } = await repository.catalogue.readSnapshotManifest(entry.manifest);
    const held = indices[0].shards[0];
    expect(held === null ? null : await restored(repository, held)).toEqual(contents.get(entry.snapshot));
  }
}

test.each(['one', 'two', 'three'])('removing and sweeping snapshot %s', async (name) => {
  const entry = findSnapshot(await new Catalogue(history).readRoot(), name);
  if (entry === undefined) throw new Error('no such snapshot');
  await survivesEveryCrash(
    ({ catalogue }) => deleteSnapshots(catalogue, [entry.uuid]),
    (store) =>
      expectExactly(
        store,
        [...contents.keys()].filter((one) => one !== name),
      ),
  );
});

test('removing all snapshots at once', async () => {
  const { snapshots } = await new Catalogue(history).readRoot();
  await survivesEveryCrash(
    ({ catalogue }) =>
      deleteSnapshots(
        catalogue,
        snapshots.map(({ uuid }) => uuid),
      ),
    async (store) => {
      await expectExactly(store, []);
      expect(store.keys().every((key) => parseRootKey(key) !== undefined)).toBe(true);
    },
  );
});

test('removing a snapshot that alone has objects of one which was swept before', async () => {
  const { snapshots } = await new Catalogue(history).readRoot();
  const [one, two, three] = snapshots.map(({ uuid }) => uuid);
  await deleteSnapshots(new Catalogue(history), [one, three]);
  expect(history.keys().some((key) => key.includes(one) && key.includes('.bulk'))).toBe(true);
  await survivesEveryCrash(
    ({ catalogue }) => deleteSnapshots(catalogue, [two]),
    async (store) => {
      await expectExactly(store, []);
      expect(store.keys().every((key) => parseRootKey(key) !== undefined)).toBe(true);
    },
  );
});

test('taking a snapshot, whose lost tries are tidied up', async () => {
  shard.put('one-5', '{"again":true}');
  contents.set('four', expected(shard));
  const uuid = newSnapshotUuid();
  await survivesEveryCrash(
    async (repository) => {
      await takeSnapshot(repository, 'four', [shard], { uuid });
      await deleteLeftovers(repository.catalogue, uuid);
    },
    (store) => expectExactly(store, ['one', 'two', 'three', 'four']),
  );
});

test('rolling back a snapshot that was about to be committed', async () => {
  shard.put('one-5', '{"again":true}');
  const uuid = newSnapshotUuid();
  await survivesEveryCrash(
    async (repository) => {
      await repository.store.put(snapshotManifestName(uuid, newAttempt()), Buffer.from('{}'));
      await rollbackSnapshot(repository.catalogue, uuid);
    },
    async (store) => {
      await expectExactly(store, ['one', 'two', 'three']);
      await expect(takeSnapshot(repositoryOn(store), 'four', [shard], { uuid })).rejects.toMatchObject({
        code: 'concurrent_snapshot_execution_exception',
      });
    },
  );
});
