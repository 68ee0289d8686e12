import { type ShardEntry } from '../../src/contracts/stored';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { type Segment } from '../../src/repository/format/format';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { copySealed } from '../../src/repository/segments/copy-sealed';
import { copySmallShard, settleShard } from '../../src/repository/segments/settle-shard';
import { NOTHING_COPIED } from '../../src/repository/segments/shard-ranges';
import { type FolderRepository, makeFolderRepository } from './support/folder-repository';
import { ShardModel } from './support/shard-model';
import { expected, manifestWith, restored, settling, takeSnapshot, writingFor } from './support/shards';

let repository: FolderRepository;
let shard: ShardModel;

beforeEach(async () => {
  repository = await makeFolderRepository();
  shard = new ShardModel();
});

afterEach(() => repository.remove());

function fill(from: number, to: number): void {
  for (let i = from; i < to; i++) shard.put(`doc-${i}`, `{"i":${i},"big":12345678901234567890,"f":1.0}`);
}

async function segmentsOf(entry: ShardEntry): Promise<readonly Segment[]> {
  return (await repository.catalogue.readShardManifest(entry)).segments;
}

describe('a first snapshot', () => {
  test('holds every document, byte for byte', async () => {
    fill(0, 10);
    shard.put('doc "3"', '{"a":\n 1,\r\n "b":[1.0,\t2]}', 'röuting');
    shard.remove('doc-4');
    const entry = await repository.firstShard(await takeSnapshot(repository, 'one', [shard]));
    const documents = expected(shard).map((one) => ({ ...one, source: one.source.replace(/[\n\r]/g, ' ') }));
    expect(await restored(repository, entry)).toEqual(documents);
    expect(entry).toMatchObject({
      maxSeqNo: 11,
      sealedThrough: 11,
      totals: { documents: 10, objects: 1, addedObjects: 1 },
    });
    expect(entry.base).toBeUndefined();
  });

  test('of a shard that never saw an operation searches nothing and stores no segment', async () => {
    const entry = await repository.firstShard(await takeSnapshot(repository, 'one', [shard]));
    expect(await segmentsOf(entry)).toEqual([]);
    expect(shard.searches).toBe(0);
  });

  test('of a shard whose documents were all deleted stores no segment', async () => {
    fill(0, 3);
    for (let i = 0; i < 3; i++) shard.remove(`doc-${i}`);
    const entry = await repository.firstShard(await takeSnapshot(repository, 'one', [shard]));
    expect(await segmentsOf(entry)).toEqual([]);
    expect(entry).toMatchObject({ sealedThrough: 5, totals: { documents: 0 } });
  });
});

describe('a later snapshot', () => {
  test('reads only what came since, and shares the rest', async () => {
    fill(0, 10);
    const first = await repository.firstShard(await takeSnapshot(repository, 'one', [shard]));
    fill(10, 12);
    const second = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    const [shared, added] = await segmentsOf(second);
    expect(shared).toEqual((await segmentsOf(first))[0]);
    expect(added).toMatchObject({ from: 10, to: 12, stored: 2 });
    expect(second.base).toBe(first.manifest.key);
    expect(await restored(repository, second)).toEqual(expected(shard));
  });

  test('notes what died and leaves it out of a restore', async () => {
    fill(0, 10);
    await takeSnapshot(repository, 'one', [shard]);
    shard.remove('doc-2');
    shard.put('doc-7', '{"new":true}');
    const entry = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    expect((await segmentsOf(entry))[0]).toMatchObject({
      seqNos: ['0+3', '3+3', '6+3', '9'],
      deleted: '2,4',
      stored: 10,
      live: 8,
    });
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });

  test('writes a segment anew once most of it is gone, one snapshot later', async () => {
    fill(0, 10);
    await takeSnapshot(repository, 'one', [shard]);
    for (let i = 0; i < 6; i++) shard.remove(`doc-${i}`);
    await takeSnapshot(repository, 'two', [shard]);
    fill(10, 11);
    const entry = await repository.firstShard(await takeSnapshot(repository, 'three', [shard]));
    expect(await segmentsOf(entry)).toMatchObject([
      { from: 6, to: 10, stored: 4, live: 4, deleted: '' },
      { from: 16, to: 17, stored: 1 },
    ]);
    expect(entry.base).toBeUndefined();
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });

  test('drops a segment of which nothing is left, without reading it', async () => {
    fill(0, 5);
    await takeSnapshot(repository, 'one', [shard]);
    for (let i = 0; i < 5; i++) shard.remove(`doc-${i}`);
    fill(5, 6);
    const entry = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    expect(await segmentsOf(entry)).toMatchObject([{ from: 10, to: 11, stored: 1 }]);
    shard.put('doc-5', '{}');
    const third = await repository.firstShard(await takeSnapshot(repository, 'three', [shard]));
    expect(await restored(repository, third)).toEqual(expected(shard));
  });

  test('shares the whole manifest when nothing happened, without a search', async () => {
    fill(0, 5);
    const first = await repository.firstShard(await takeSnapshot(repository, 'one', [shard]));
    shard.searches = 0;
    const second = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    expect(second.manifest).toEqual(first.manifest);
    expect(second.totals).toMatchObject({ objects: 1, addedObjects: 0, addedBytes: 0, documents: 5 });
    expect(shard.searches).toBe(0);
  });

  test('never builds on a tail', async () => {
    fill(0, 5);
    shard.unsealed = 2;
    const first = await repository.firstShard(await takeSnapshot(repository, 'one', [shard]));
    expect((await segmentsOf(first)).map(({ from, to, sealed }) => ({ from, to, sealed }))).toEqual([
      { from: 0, to: 3, sealed: true },
      { from: 3, to: 5, sealed: false },
    ]);
    shard.unsealed = 0;
    const second = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    const segments = await segmentsOf(second);
    expect(segments.map(({ from, to, sealed }) => ({ from, to, sealed }))).toEqual([
      { from: 0, to: 3, sealed: true },
      { from: 3, to: 5, sealed: true },
    ]);
    expect(segments[1].objects[0].key).toContain(`/${second.manifest.key.split('/')[1]}/`);
    expect(await restored(repository, second)).toEqual(expected(shard));
  });

  test('trusts what was sealed before, even if a copy reports an older checkpoint', async () => {
    fill(0, 5);
    await takeSnapshot(repository, 'one', [shard]);
    fill(5, 6);
    shard.unsealed = 4;
    const entry = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    expect(entry.sealedThrough).toBe(4);
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });

  test.each([
    ['another history', (one: ShardModel) => one.newHistory()],
    ['a sequence number below the one that the base saw', (one: ShardModel) => void (one.maxSeqNo -= 1)],
  ])('reads everything after %s', async (_, change) => {
    fill(0, 5);
    await takeSnapshot(repository, 'one', [shard]);
    change(shard);
    const entry = await repository.firstShard(await takeSnapshot(repository, 'two', [shard]));
    expect(entry.base).toBeUndefined();
    expect(entry.totals.addedObjects).toBe(entry.totals.objects);
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });

  test('refuses a range that grew', async () => {
    fill(0, 5);
    shard.documents.delete('doc-2');
    await takeSnapshot(repository, 'one', [shard]);
    shard.documents.set('doc-2', { id: 'doc-2', seqNo: 2, version: 1, source: '{}' });
    fill(5, 6);
    const settle = await settling(repository, shard, newSnapshotUuid());
    await expect(settleShard({ ...settle, copied: NOTHING_COPIED })).rejects.toMatchObject({
      code: 'shard_inconsistent',
    });
    const entry = await settleShard({ ...settle, base: undefined, copied: NOTHING_COPIED });
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });

  test('refuses a range that shows others than before in the same number', async () => {
    fill(0, 5);
    shard.documents.delete('doc-2');
    await takeSnapshot(repository, 'one', [shard]);
    shard.documents.set('doc-2', { id: 'doc-2', seqNo: 2, version: 1, source: '{}' });
    shard.remove('doc-3');
    shard.remove('doc-4');
    const settle = await settling(repository, shard, newSnapshotUuid());
    await expect(settleShard({ ...settle, copied: NOTHING_COPIED })).rejects.toMatchObject({
      code: 'shard_inconsistent',
    });
  });
});

describe('a large shard', () => {
  async function copied(uuid: string, to: number): Promise<Segment[]> {
    const segments: Segment[] = [];
    const writing = writingFor(repository, shard, uuid, { chunkSizeBytes: 200 });
    const range = { from: 0, to };
    for await (const { segment } of copySealed(writing, shard, shard.target, range)) segments.push(segment);
    return segments;
  }

  test('is copied without a view while it is written to, and settled by one', async () => {
    fill(0, 40);
    let writes = 0;
    shard.onPage = () => {
      shard.remove(`doc-${writes * 3}`);
      shard.put(`doc-${writes * 3 + 1}`, `{"again":${writes++}}`);
    };
    const uuid = newSnapshotUuid();
    const segments = await copied(uuid, 40);
    shard.onPage = () => {};
    expect(segments.length).toBeGreaterThan(3);
    expect(segments[0].from).toBe(0);
    expect(segments.at(-1)?.to).toBe(40);
    const settle = await settling(repository, shard, uuid);
    const entry = await settleShard({ ...settle, copied: { segments, covers: [{ from: 0, to: 40 }] } });
    expect(await restored(repository, entry)).toEqual(expected(shard));
    expect(entry.sealedThrough).toBe(shard.maxSeqNo);
    await commitSnapshot(repository.catalogue, manifestWith('one', uuid, [{ shard, entry }]), { compress: true });
  });

  test('keeps what an earlier try copied and reads the rest', async () => {
    fill(0, 40);
    const uuid = newSnapshotUuid();
    const [first, , third] = await copied(uuid, 40);
    const kept = { segments: [first, third], covers: [first, third] };
    const entry = await settleShard({ ...(await settling(repository, shard, uuid)), copied: kept });
    const segments = await segmentsOf(entry);
    expect(segments.slice(0, 3)).toEqual([first, expect.objectContaining({ from: first.to, to: third.from }), third]);
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });

  test('puts copied segments in place of those of its base', async () => {
    fill(0, 10);
    await takeSnapshot(repository, 'one', [shard]);
    fill(10, 20);
    await takeSnapshot(repository, 'two', [shard]);
    const uuid = newSnapshotUuid();
    const segments = await copied(uuid, 20);
    fill(20, 21);
    const replaced = { segments, covers: [{ from: 0, to: 20 }] };
    const entry = await settleShard({ ...(await settling(repository, shard, uuid)), copied: replaced });
    expect(entry.base).toBeUndefined();
    expect(await restored(repository, entry)).toEqual(expected(shard));
  });
});

test('many small snapshots end as few segments', async () => {
  const counts: number[] = [];
  for (let i = 0; i < 40; i++) {
    fill(i, i + 1);
    counts.push(
      (await segmentsOf(await repository.firstShard(await takeSnapshot(repository, `hourly-${i}`, [shard])))).length,
    );
  }
  expect(Math.max(...counts)).toBeLessThanOrEqual(9);
  const entry = await repository.firstShard(await takeSnapshot(repository, 'last', [shard]));
  expect(await restored(repository, entry)).toEqual(expected(shard));
});

test('settling twice under different attempts gives the same documents', async () => {
  fill(0, 5);
  const uuid = newSnapshotUuid();
  const first = await copySmallShard(await settling(repository, shard, uuid));
  const second = await copySmallShard(await settling(repository, shard, uuid));
  expect(second.manifest.key).not.toBe(first.manifest.key);
  expect(await restored(repository, second)).toEqual(await restored(repository, first));
});
