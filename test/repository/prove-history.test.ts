import { type ShardEntry } from '../../src/contracts/stored';
import { MARKS } from '../../src/documents/marks';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { copySealed } from '../../src/repository/segments/copy-sealed';
import { proveHistory } from '../../src/repository/segments/prove-history';
import { SegmentNumbers } from '../../src/repository/segments/segment-numbers';
import { settleShard } from '../../src/repository/segments/settle-shard';
import { knownOf, NOTHING_COPIED } from '../../src/repository/segments/shard-ranges';
import { type FolderRepository, makeFolderRepository } from './support/folder-repository';
import { ShardModel } from './support/shard-model';
import { expected, restored, settling, takeSnapshot } from './support/shards';

let repository: FolderRepository;
let shard: ShardModel;

beforeEach(async () => {
  repository = await makeFolderRepository();
  shard = new ShardModel();
});

afterEach(() => repository.remove());

/** Documents `[from, to)`, of another content in each `age`. */
function fill(from: number, to: number, age = 'first'): void {
  for (let i = from; i < to; i++) shard.put(`doc-${i}`, `{"i":${i},"age":"${age}"}`);
}

/** Takes a snapshot, checks that it holds what the shard holds, and returns what it says of the shard. */
async function take(name: string): Promise<ShardEntry> {
  const entry = await repository.firstShard(await takeSnapshot(repository, name, [shard]));
  expect(await restored(repository, entry)).toEqual(expected(shard));
  return entry;
}

const dataObjects = async (): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of repository.store.list('')) if (key.includes('.bulk')) keys.push(key);
  return keys;
};

describe('a shard whose files were replaced by an older copy', () => {
  test.each<[string, () => void]>([
    ['as many other documents', () => fill(10, 20, 'other')],
    ['more other documents than before', () => fill(10, 25, 'other')],
    [
      'the same ids with other contents',
      () => [...Array(10).keys()].forEach((i) => shard.put(`doc-${10 + i}`, `{"x":${i}}`)),
    ],
    [
      'the same contents under other ids',
      () => [...Array(10).keys()].forEach((i) => shard.put(`id-${i}`, `{"i":${10 + i},"age":"first"}`)),
    ],
    [
      'the same documents with other routing',
      () => [...Array(10).keys()].forEach((i) => shard.put(`doc-${10 + i}`, `{"i":${10 + i},"age":"first"}`, 'r')),
    ],
    ['deletes only, as many', () => [...Array(10).keys()].forEach((i) => shard.remove(`doc-${i}`))],
    [
      'deletes and documents, as many',
      () => {
        shard.remove('doc-3');
        fill(10, 19, 'other');
      },
    ],
    ['updates of the documents it still has', () => fill(0, 10, 'again')],
    [
      'one operation more, and a first document that is the one of before',
      () => {
        fill(10, 11);
        fill(30, 40, 'other');
      },
    ],
  ])('and that saw %s since is read as it is', async (_, writeAgain) => {
    fill(0, 10);
    const goBack = shard.copyFiles();
    fill(10, 20);
    await take('one');
    goBack();
    writeAgain();
    await take('two');
    fill(50, 53, 'later');
    shard.remove('doc-2');
    await take('three');
  });

  test('and that lost other deletes than it has now is read as it is', async () => {
    fill(0, 3_000);
    const goBack = shard.copyFiles();
    shard.remove('doc-1000');
    shard.remove('doc-2000');
    await take('one');
    goBack();
    shard.remove('doc-1001');
    shard.remove('doc-2001');
    await take('two');
  });

  test('is found out though a snapshot without changes came between', async () => {
    fill(0, 10);
    const goBack = shard.copyFiles();
    fill(10, 20);
    await take('one');
    shard.restart();
    await take('two');
    goBack();
    fill(10, 20, 'other');
    await take('three');
  });

  test('is found out though all documents of the last segment that had marks died', async () => {
    fill(0, 10);
    await take('one');
    fill(10, 20);
    const goBack = shard.copyFiles();
    fill(20, 60);
    await take('two');
    goBack();
    fill(20, 60, 'other');
    for (let i = 0; i < MARKS; i++) shard.remove(`doc-${59 - i}`);
    await take('three');
  });

  test('where the cluster does not tell its processes apart is found out all the same', async () => {
    shard.session = undefined;
    fill(0, 10);
    const goBack = shard.copyFiles();
    fill(10, 20);
    await take('one');
    goBack();
    shard.session = undefined;
    fill(10, 20, 'other');
    await take('two');
  });
});

describe('a shard that another process serves, and that is what it was', () => {
  test('is unchanged after one small search, and after none from then on', async () => {
    fill(0, 100);
    const first = await take('one');
    const data = await dataObjects();
    shard.restart();
    shard.searches = 0;
    const second = await take('two');
    expect([second.manifest, second.session, shard.searches]).toEqual([first.manifest, shard.session, 1]);
    shard.searches = 0;
    const third = await take('three');
    expect([third.manifest, shard.searches]).toEqual([first.manifest, 0]);
    expect(await dataObjects()).toEqual(data);
  });

  test('adds only what came since', async () => {
    fill(0, 100);
    await take('one');
    const data = await dataObjects();
    shard.restart();
    fill(100, 110);
    shard.remove('doc-7');
    shard.remove('doc-99');
    const entry = await take('two');
    expect(entry.totals).toMatchObject({ addedObjects: 1 });
    expect((await dataObjects()).length).toBe(data.length + 1);
  });

  test('reads a segment anew if none of its live documents has a mark, and keeps those before it', async () => {
    fill(0, 100);
    await take('one');
    fill(100, 200);
    const before = await take('two');
    const data = await dataObjects();
    for (let i = 0; i < MARKS; i++) shard.remove(`doc-${199 - i}`);
    shard.restart();
    const after = await take('three');
    expect(after.base).toBe(before.manifest.key);
    const { segments } = await repository.catalogue.readShardManifest(after);
    expect(segments.map(({ from, to }) => [from, to])).toEqual([
      [0, 100],
      [100, 192],
    ]);
    expect(data).toContain(segments[0].objects[0].key);
    expect(data).not.toContain(segments[1].objects[0].key);
  });

  test('that holds nothing of what it held is not read at all', async () => {
    fill(0, 10);
    await take('one');
    for (let i = 0; i < 10; i++) shard.remove(`doc-${i}`);
    shard.restart();
    const entry = await take('two');
    expect(entry.totals).toMatchObject({ documents: 0, objects: 0 });
  });

  test('is proven by what does not depend on how documents are printed, where they are rebuilt', async () => {
    fill(0, 10);
    const entry = await take('one');
    const known = knownOf(await repository.catalogue.readShardManifest(entry));
    const numbers = new SegmentNumbers(repository.store, {});
    for (const [id, one] of shard.documents) shard.documents.set(id, { ...one, source: one.source.replace(',', ', ') });
    await expect(proveHistory(shard, shard.target, known, numbers)).rejects.toMatchObject({
      code: 'shard_inconsistent',
    });
    const proof = await proveHistory(shard, { ...shard.target, sourceRebuilt: true }, known, numbers);
    expect(proof).toEqual({ same: true, unproven: [] });
    const [id, one] = [...shard.documents].at(-1)!;
    shard.documents.set(id, { ...one, version: one.version + 1 });
    await expect(proveHistory(shard, { ...shard.target, sourceRebuilt: true }, known, numbers)).rejects.toMatchObject({
      code: 'shard_inconsistent',
    });
  });
});

test('segments copied for the snapshot itself are proven, too, where the process ended before they were settled', async () => {
  fill(0, 10);
  const goBack = shard.copyFiles();
  fill(10, 20);
  const uuid = newSnapshotUuid();
  const settle = await settling(repository, shard, uuid);
  const segments = [];
  const range = { from: 0, to: 20 };
  for await (const { segment } of copySealed(settle.writing, shard, shard.target, range)) segments.push(segment);
  const copied = { segments, covers: [range] };
  goBack();
  fill(10, 20, 'other');
  const now = { ...settle, state: shard.state, copied };
  await expect(settleShard({ ...now, prove: true })).rejects.toMatchObject({ code: 'shard_inconsistent' });
  const entry = await settleShard({ ...now, prove: true, copied: NOTHING_COPIED });
  expect(await restored(repository, entry)).toEqual(expected(shard));
});
