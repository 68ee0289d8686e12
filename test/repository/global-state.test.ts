import { type GlobalState } from '../../src/contracts/global-state';
import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { keepGlobalState, readGlobalState } from '../../src/repository/committing/keep-global-state';
import { cleanupRepository, deleteLeftovers } from '../../src/repository/deletion/orphans';
import { removeSnapshots } from '../../src/repository/deletion/remove-snapshots';
import { type RootEntry } from '../../src/repository/format/format';
import { globalStateSchema } from '../../src/repository/format/global-state';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { parseMetadata } from '../../src/repository/format/metadata';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { deleteSnapshots, manifestWith, takeSnapshot } from './support/shards';

/** Global states are stored once, and as long as a snapshot has them (FORMAT.md, "Global state"). */

const STATE: GlobalState = {
  parts: { settings: [{ name: 'a.b', body: '"1"' }], ingestPipelines: [{ name: 'p', body: '{"n":1.0}' }] },
  refused: [],
};
const OTHER: GlobalState = { parts: {}, refused: [{ part: 'storedScripts', reason: 'no' }] };

let store: MemoryBlobStore;
beforeEach(() => {
  store = new MemoryBlobStore();
});

function fresh(): Catalogue {
  return new Catalogue(store);
}

async function takes(name: string, state: GlobalState): Promise<RootEntry> {
  const catalogue = fresh();
  const uuid = newSnapshotUuid();
  const ref = await keepGlobalState(store, await catalogue.readRoot(), uuid, state, { compress: true });
  return commitSnapshot(catalogue, { ...manifestWith(name, uuid, []), globalState: ref }, { compress: true });
}

async function stateOf(entry: RootEntry): Promise<GlobalState> {
  const { globalState } = await fresh().readSnapshotManifest(entry.manifest);
  return readGlobalState(store, globalState!);
}

function states(): string[] {
  return store.keys().filter((key) => key.includes('/state.'));
}

test('an equal state is stored once, and stays while one of its snapshots does', async () => {
  const first = await takes('first', STATE);
  const second = await takes('second', STATE);
  const third = await takes('third', OTHER);
  expect(states()).toHaveLength(2);
  expect([second.globalState, third.globalState === first.globalState]).toEqual([first.globalState, false]);
  await deleteSnapshots(fresh(), [first.uuid]);
  expect(await stateOf(second)).toEqual(STATE);
  await cleanupRepository(fresh(), { running: async () => new Set() });
  expect(await stateOf(second)).toEqual(STATE);
  expect(await stateOf(third)).toEqual(OTHER);
  await deleteSnapshots(fresh(), [second.uuid]);
  expect(states()).toEqual([third.globalState]);
  await deleteSnapshots(fresh(), [third.uuid]);
  expect(states()).toEqual([]);
});

test('snapshots of one state that are swept together leave nothing', async () => {
  const entries = [await takes('first', STATE), await takes('second', STATE), await takes('third', STATE)];
  await deleteSnapshots(
    fresh(),
    entries.map(({ uuid }) => uuid),
  );
  expect(states()).toEqual([]);
});

test('a snapshot keeps its own state when what other attempts left is deleted', async () => {
  const entry = await takes('first', STATE);
  await deleteLeftovers(fresh(), entry.uuid);
  expect(await stateOf(entry)).toEqual(STATE);
});

test('a state that is being swept is shared no more', async () => {
  const catalogue = fresh();
  const first = await takes('first', STATE);
  const ref = await keepGlobalState(store, await catalogue.readRoot(), newSnapshotUuid(), STATE, {
    compress: true,
  });
  expect(ref.key).toBe(first.globalState);
  const shared = { ...manifestWith('second', newSnapshotUuid(), []), globalState: ref };
  // Removed only, it is still there for who planned on it; swept, it is not.
  await removeSnapshots(fresh(), [first.uuid], { nowMillis: 1 });
  await commitSnapshot(fresh(), shared, { compress: true });
  await deleteSnapshots(fresh(), [first.uuid, shared.uuid]);
  const late = { ...shared, snapshot: 'late', uuid: newSnapshotUuid() };
  await expect(commitSnapshot(fresh(), late, { compress: true })).rejects.toMatchObject({ code: 'base_changed' });
});

test('a snapshot that failed has no state', async () => {
  const catalogue = fresh();
  const uuid = newSnapshotUuid();
  const ref = await keepGlobalState(store, await catalogue.readRoot(), uuid, STATE, { compress: false });
  const manifest = manifestWith('failed', uuid, [{ shard: new ShardModel(), entry: null }]);
  expect(manifest.state).toBe('FAILED');
  expect('globalState' in manifest).toBe(false);
  await takeSnapshot({ store, catalogue, pool: new CodecPool(1) }, 'other', [new ShardModel()]);
  expect(ref.key).toMatch(/\/state\.[0-9a-f]{64}\.json$/);
});

test.each([
  ['two items of one name', { settings: [STATE.parts.settings![0], STATE.parts.settings![0]] }],
  ['a setting that is no text', { settings: [{ name: 'a', body: '{"a":1}' }] }],
  ['a body that closes its object', { templates: [{ name: 'a', body: '{},"persistent":{}' }] }],
  ['a body that is no object', { ilmPolicies: [{ name: 'a', body: '[]' }] }],
  ['a name with a line break', { storedScripts: [{ name: 'a\n', body: '{}' }] }],
  ['an empty name', { storedScripts: [{ name: '', body: '{}' }] }],
])('a state with %s is refused before it is used', (_, parts) => {
  const bytes = Buffer.from(JSON.stringify({ format: 1, parts, refused: [] }));
  expect(() => parseMetadata('the state', bytes, globalStateSchema)).toThrow(
    expect.objectContaining({ code: 'repository_corrupt', message: expect.stringContaining('the state') as string }),
  );
});

test('parts that this release does not know are left out', () => {
  const bytes = Buffer.from(JSON.stringify({ format: 1, parts: { ...STATE.parts, queries: [1] }, refused: [] }));
  expect(parseMetadata('the state', bytes, globalStateSchema)).toEqual(STATE);
});
