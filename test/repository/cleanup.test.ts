import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { initRoot } from '../../src/repository/catalogue/init-root';
import { announceBuilding } from '../../src/repository/committing/announce-building';
import { commitFailedSnapshot } from '../../src/repository/committing/commit-failed-snapshot';
import { cleanupRepository } from '../../src/repository/deletion/orphans';
import { BUILDING_MS } from '../../src/repository/format/format';
import { newSnapshotUuid, snapshotPrefix } from '../../src/repository/format/keys';
import { MemoryBlobStore } from './support/memory-blob-store';

/** A clean-up beside snapshots that are being taken, by this installation and by others (FORMAT.md, "Rolling back"). */

let store: MemoryBlobStore;
let catalogue: Catalogue;

beforeEach(async () => {
  store = new MemoryBlobStore();
  catalogue = new Catalogue(store);
  await initRoot(catalogue);
});

/** Writes what a snapshot writes before it is committed; returns its uuid. */
async function begun(): Promise<string> {
  const uuid = newSnapshotUuid();
  await store.put(`${snapshotPrefix(uuid)}plan.abcdefgh.part.json`, Buffer.from('12345'));
  return uuid;
}

const cleanUp = (running: string[] = [], nowMillis?: number) =>
  cleanupRepository(catalogue, { running: async () => new Set(running), nowMillis });

const commit = (uuid: string) => {
  const cluster = { uuid: 'c', name: 'c', product: 'elasticsearch', version: '8.19.0' };
  const times = { startMillis: 1, endMillis: 2 };
  const snapshot = { snapshot: 's', uuid, ...times, cluster, includeGlobalState: false, indices: [], failures: [] };
  return commitFailedSnapshot(catalogue, snapshot, { compress: false });
};

test('what no job writes is deleted and counted, and can not be committed any more', async () => {
  const uuid = await begun();
  expect(await cleanUp()).toEqual({ objects: 1, bytes: 5 });
  await expect(commit(uuid)).rejects.toMatchObject({ code: 'concurrent_snapshot_execution_exception' });
});

test('what a running job writes is spared, and is committed afterwards', async () => {
  const uuid = await begun();
  expect(await cleanUp([uuid])).toEqual({ objects: 0, bytes: 0 });
  expect((await commit(uuid)).uuid).toBe(uuid);
});

test('what another installation builds is spared for as long as its entry counts', async () => {
  const uuid = await begun();
  const left = await begun();
  await announceBuilding(catalogue, { uuid, reads: [] });
  expect(await cleanUp()).toEqual({ objects: 1, bytes: 5 });
  expect(store.keys().some((key) => key.startsWith(snapshotPrefix(uuid)))).toBe(true);
  expect(store.keys().some((key) => key.startsWith(snapshotPrefix(left)))).toBe(false);
  expect(await cleanUp([], Date.now() + BUILDING_MS + 1)).toEqual({ objects: 1, bytes: 5 });
  await expect(commit(uuid)).rejects.toMatchObject({ code: 'concurrent_snapshot_execution_exception' });
});
