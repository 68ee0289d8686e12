/** Shards that are copied in document order: their segments overlap, and their numbers may be shared. */
import fc from 'fast-check';
import { type OrderedRequest } from '../../src/cluster/reading/document-reader';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { type ShardEntry } from '../../src/contracts/stored';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { type Segment, segmentObjects } from '../../src/repository/format/format';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { encodeRuns } from '../../src/repository/format/number-runs';
import { copyOrdered } from '../../src/repository/segments/copy-sealed';
import { SegmentNumbers } from '../../src/repository/segments/segment-numbers';
import { settleShard } from '../../src/repository/segments/settle-shard';
import { type Copied, knownOf, shardRanges, stretchesOf } from '../../src/repository/segments/shard-ranges';
import { type FolderRepository, makeFolderRepository } from './support/folder-repository';
import { ShardModel } from './support/shard-model';
import { expected, manifestWith, restored, settling, takeSnapshot } from './support/shards';

let repository: FolderRepository;
let shard: ShardModel;

beforeEach(async () => {
  repository = await makeFolderRepository();
  shard = new ShardModel();
});

afterEach(() => repository.remove());

function fill(from: number, to: number): void {
  for (let i = from; i < to; i++) shard.put(`doc-${i}`, `{"i":${i},"text":"${'x'.repeat(20)}"}`);
}

/** Copies all sealed documents in document order; `lost` views are opened anew for what is not stored. */
async function copyAll(uuid: string, chunkSizeBytes = 300): Promise<Copied> {
  const settle = await settling(repository, shard, uuid, { chunkSizeBytes });
  const numbers = { from: 0, to: shard.state.globalCheckpoint + 1 };
  const segments: Segment[] = [];
  const stored = new Set<number>();
  for (let views = 1; ; views++) {
    const { view, end } = await shard.openOrdered();
    const request: OrderedRequest = { from: 0, to: end, numbers, skip: (seqNo) => stored.has(seqNo) };
    try {
      for await (const { segment } of copyOrdered(settle.writing, shard, shard.target, view, request)) {
        segments.push(segment);
        for (const seqNo of await new SegmentNumbers(repository.store, {}).live(segment)) stored.add(seqNo);
      }
      return { segments, covers: [numbers] };
    } catch (error) {
      if ((error as { code?: string }).code !== 'view_lost' || views === 20) throw error;
    }
  }
}

async function takeOrdered(name: string): Promise<ShardEntry> {
  const uuid = newSnapshotUuid();
  const copied = await copyAll(uuid);
  const entry = await settleShard({ ...(await settling(repository, shard, uuid)), base: undefined, copied });
  await commitSnapshot(repository.catalogue, manifestWith(name, uuid, [{ shard, entry }]), { compress: true });
  await check(entry);
  return entry;
}

async function takeNext(name: string): Promise<ShardEntry> {
  const entry = await repository.firstShard(await takeSnapshot(repository, name, [shard]));
  await check(entry);
  return entry;
}

/** A restore brings back what the shard holds, and the manifest counts it. */
async function check(entry: ShardEntry): Promise<void> {
  expect(await restored(repository, entry)).toEqual(expected(shard));
  expect(entry.totals.documents).toBe(shard.documents.size);
}

async function segmentsOf(entry: ShardEntry): Promise<readonly Segment[]> {
  return (await repository.catalogue.readShardManifest(entry)).segments;
}

describe.each([1, 3_000])('a shard copied in document order, %d numbers apart', (step) => {
  beforeEach(() => {
    shard.step = step;
  });

  test('comes back whole, though its segments overlap', async () => {
    fill(0, 60);
    const segments = await segmentsOf(await takeOrdered('one'));
    expect(segments.length).toBeGreaterThan(5);
    expect(stretchesOf(segments).length).toBeLessThan(segments.length);
  });

  test('is incremental: what died is told from counts, what came is added, the rest is shared', async () => {
    fill(0, 60);
    const before = (await segmentsOf(await takeOrdered('one'))).flatMap(segmentObjects);
    shard.remove('doc-3');
    shard.put('doc-30', '{"again":1}');
    fill(60, 64);
    const entry = await takeNext('two');
    const after = (await segmentsOf(entry)).flatMap(segmentObjects);
    expect(entry.totals.addedObjects).toBe(1);
    expect(before.filter(({ key }) => after.some((one) => one.key === key))).toEqual(before);
    const third = await takeNext('three');
    expect(third.manifest).toEqual(entry.manifest);
  });

  test('is settled by one view, whatever was written while it was copied', async () => {
    fill(0, 60);
    let writes = 0;
    shard.onPage = () => {
      shard.remove(`doc-${writes * 5}`);
      shard.put(`doc-${writes * 5 + 1}`, `{"again":${writes++}}`);
    };
    const uuid = newSnapshotUuid();
    const copied = await copyAll(uuid);
    shard.onPage = () => {};
    const entry = await settleShard({ ...(await settling(repository, shard, uuid)), copied });
    await check(entry);
    expect(writes).toBeGreaterThan(10);
  });

  test('keeps what was stored of a view that was lost', async () => {
    fill(0, 60);
    let pages = 0;
    let losses = 0;
    const read = new Set<number>();
    shard.onPage = () => {
      if (++pages % 8 === 0 && losses++ < 3) shard.loseViews();
      shard.remove(`doc-${pages}`);
    };
    const uuid = newSnapshotUuid();
    const copied = await copyAll(uuid);
    expect(losses).toBeGreaterThan(2);
    for (const segment of copied.segments) {
      for (const seqNo of await new SegmentNumbers(repository.store, {}).live(segment)) {
        expect(read.has(seqNo)).toBe(false);
        read.add(seqNo);
      }
    }
    shard.onPage = () => {};
    await check(await settleShard({ ...(await settling(repository, shard, uuid)), copied }));
  });

  test('that went back to an older copy of its files is read as it is', async () => {
    fill(0, 30);
    const goBack = shard.copyFiles();
    fill(30, 60);
    await takeOrdered('one');
    goBack();
    fill(30, 60);
    shard.put('doc-2', '{"other":true}');
    await takeNext('two');
  });

  test('that another process serves is proven by counts and marks', async () => {
    fill(0, 60);
    const first = await takeOrdered('one');
    shard.restart();
    expect((await takeNext('two')).manifest).toEqual(first.manifest);
    for (let i = 40; i < 60; i++) shard.remove(`doc-${i}`);
    shard.restart();
    const third = await takeNext('three');
    expect(third.totals.documents).toBe(40);
  });

  test('is written anew once most of it is gone', async () => {
    fill(0, 60);
    await takeOrdered('one');
    for (let i = 0; i < 45; i++) shard.remove(`doc-${i}`);
    await takeNext('two');
    fill(60, 61);
    const entry = await takeNext('three');
    const stored = (await segmentsOf(entry)).reduce((sum, segment) => sum + segment.stored, 0);
    expect(stored).toBeLessThanOrEqual(2 * entry.totals.documents);
  });
});

test('long lists of numbers have an object of their own, which is read only where documents died', async () => {
  // Every other number, in an order without long runs.
  shard.pageSize = 4_000;
  for (let i = 0; i < 4_000; i++) {
    shard.put(`doc-${i}`, `{"i":${i}}`);
    if (i % 3 > 0) shard.remove(`doc-${i - 1}`);
  }
  const uuid = newSnapshotUuid();
  const copied = await copyAll(uuid, 1e9);
  expect(copied.segments).toHaveLength(1);
  const [{ numbers, seqNos }] = copied.segments;
  expect(seqNos).toBeUndefined();
  expect(numbers?.object.key).toContain('.numbers.json');
  const entry = await settleShard({ ...(await settling(repository, shard, uuid)), copied });
  await commitSnapshot(repository.catalogue, manifestWith('one', uuid, [{ shard, entry }]), { compress: true });
  await check(entry);
  expect(entry.totals.objects).toBe(2);
  fill(10_000, 10_005);
  const second = await takeNext('two');
  expect(second.totals).toMatchObject({ objects: 3, addedObjects: 1 });
  shard.remove('doc-2');
  shard.remove('doc-3995');
  const third = await takeNext('three');
  expect((await segmentsOf(third))[0].deleted).not.toBe('');
});

describe('a shard in which several documents have one number', () => {
  beforeEach(() => {
    shard.sharesNumbers = true;
    for (let source = 0; source < 3; source++) {
      for (let i = 0; i < 20; i++) shard.take(`doc-${source}-${i}`, i * 500);
    }
  });

  test('comes back whole, and is incremental where counting allows', async () => {
    const first = await takeOrdered('one');
    expect(first.totals.documents).toBe(60);
    fill(0, 3);
    for (let source = 0; source < 3; source++) shard.remove(`doc-${source}-4`);
    const second = await takeNext('two');
    expect(second.totals.addedObjects).toBe(1);
    expect(second.base).toBe(first.manifest.key);
  });

  test('is read again where some of the documents of a number died', async () => {
    const first = await takeOrdered('one');
    shard.remove('doc-1-4');
    shard.put('doc-2-4', '{"again":true}');
    const second = await takeNext('two');
    expect(second.totals.documents).toBe(59);
    fill(0, 3);
    await takeNext('three');
    expect(first.totals.documents).toBe(60);
  });

  test('is copied as a small shard, too', async () => {
    await takeNext('one');
    shard.remove('doc-1-4');
    await takeNext('two');
    shard.remove('doc-0-4');
    shard.remove('doc-2-4');
    await takeNext('three');
  });
});

test('pieces hold every known document once, whatever the segments, and nothing where something is read again', () => {
  const range = fc.tuple(fc.nat(200_000), fc.nat(60_000)).map(([from, length]) => ({ from, to: from + length + 1 }));
  const lists = fc.array(fc.uniqueArray(fc.nat(200_000), { minLength: 1, maxLength: 30 }), { maxLength: 8 });
  fc.assert(
    fc.property(lists, fc.array(range, { maxLength: 3 }), (all, reread) => {
      const used = new Set<number>();
      const numbers = all
        .map((list) => list.filter((number) => !used.has(number) && used.add(number)).sort((a, b) => a - b))
        .filter((list) => list.length > 0);
      const segments = numbers.map(segmentOf).sort((a, b) => a.from - b.from);
      const manifest = { ...MANIFEST, segments };
      const { known, read } = shardRanges(manifest, { segments: [], covers: [] }, reread, 300_000);
      const everything = [...known, ...read].sort((a, b) => a.from - b.from);
      expect(everything[0].from).toBe(0);
      for (const [i, { to }] of everything.entries()) expect(everything[i + 1]?.from ?? MAX_SEQ_NO).toBe(to);
      for (const piece of known) {
        const inside = [...used].filter((number) => number >= piece.from && number < piece.to).length;
        expect(piece.live).toBe(inside);
      }
      for (const { from, to } of reread) {
        for (const piece of known) expect(piece.to <= from || piece.from >= to).toBe(true);
      }
      expect(knownOf(manifest).reduce((sum, { live }) => sum + live, 0)).toBe(used.size);
    }),
  );
});

const MANIFEST = {
  format: 1 as const,
  identity: { clusterUuid: 'c', indexUuid: 'i', historyUuid: 'h', shards: 1, shard: 0 },
  maxSeqNo: 300_000,
  sealedThrough: 300_000,
};

function segmentOf(numbers: number[]): Segment {
  return {
    from: numbers[0],
    to: numbers.at(-1)! + 1,
    sealed: true,
    codec: 'plain',
    objects: [],
    frames: [{ length: 1, rawLength: 1, documents: numbers.length }],
    seqNos: [encodeRuns(numbers)],
    deleted: '',
    stored: numbers.length,
    live: numbers.length,
  };
}
