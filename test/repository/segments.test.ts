import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { type Codec } from '../../src/documents/codec';
import { CodecPool } from '../../src/documents/codec-pool';
import { type Page } from '../../src/documents/page';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { type Segment } from '../../src/repository/format/format';
import { encodeRuns } from '../../src/repository/format/number-runs';
import { type BulkFrame, readSegments } from '../../src/repository/segments/read-segments';
import { SEGMENT_TARGET_BYTES, writeSegments } from '../../src/repository/segments/write-segments';
import { planRestoreChunks } from '../../src/restoring/plan-restore-chunks';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { type ModelDocument, searchResponse, ShardModel } from './support/shard-model';
import { type Repository, writingFor } from './support/shards';

const run = promisify(execFile);
const shard = new ShardModel();
const pool = new CodecPool(2);
let folder: string;
let store: FaultyBlobStore;
let repository: Repository;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'segments-'));
  const files = new FsBlobStore(folder);
  await files.checkUsable();
  store = new FaultyBlobStore(files);
  repository = { store, catalogue: new Catalogue(store), pool };
});

afterEach(async () => {
  store.assertAllHappened();
  await rm(folder, { recursive: true });
});

afterAll(() => pool.close());

function documents(from: number, count: number, sourceBytes = 20): ModelDocument[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `doc-${from + i}`,
    seqNo: from + i,
    version: 1,
    source: `{"n":${from + i},"noise":"${noise(from + i, sourceBytes)}"}`,
  }));
}

/** Text that does not compress much, the same every time. */
function noise(seed: number, length: number): string {
  return createHash('shake256', { outputLength: length }).update(String(seed)).digest('base64url').slice(0, length);
}

async function* pages(...lists: ModelDocument[][]): AsyncGenerator<Page> {
  for (const list of lists) yield { body: searchResponse(list) };
}

async function write(
  source: AsyncIterable<Page>,
  range: { from: number; to: number; sealed?: boolean },
  options: Partial<Parameters<typeof writingFor>[3]> = {},
  signal?: AbortSignal,
): Promise<Segment[]> {
  const segments: Segment[] = [];
  const writing = writingFor(repository, shard, 'snapshot', options);
  for await (const { segment } of writeSegments(writing, source, { sealed: true, ...range }, signal))
    segments.push(segment);
  return segments;
}

async function read(segments: readonly Segment[], from?: { segment: number; frame: number }): Promise<BulkFrame[]> {
  const frames: BulkFrame[] = [];
  for await (const frame of readSegments(segments, { store, pool, from })) frames.push(frame);
  return frames;
}

function bulk(list: readonly ModelDocument[]): string {
  return list
    .map(
      ({ id, version, source }) =>
        `{"index":{"_id":"${id}","version":${version},"version_type":"external_gte"}}\n${source}\n`,
    )
    .join('');
}

function bodies(frames: readonly BulkFrame[]): string {
  return frames.map(({ body }) => body.toString()).join('');
}

describe.each<Codec>(['zstd', 'gzip', 'plain'])('a segment in %s', (codec) => {
  const list = documents(0, 3000, 300);
  const lists = [list.slice(0, 1), list.slice(1, 1500), list.slice(1500)];

  test('comes back byte for byte, from threads and without them', async () => {
    const segments = await write(pages(...lists), { from: 0, to: 3000 }, { codec });
    expect(segments).toMatchObject([
      { from: 0, to: 3000, codec, stored: 3000, live: 3000, seqNos: ['0', '1+1499', '1500+1500'], deleted: '' },
    ]);
    const frames = await read(segments);
    expect(frames.map(({ frame, documents: count }) => ({ frame, count }))).toEqual([
      { frame: 0, count: 1 },
      { frame: 1, count: 1499 },
      { frame: 2, count: 1500 },
    ]);
    expect(bodies(frames)).toBe(bulk(list));
  });

  test('is decoded by the ordinary tool, parts and all', async () => {
    const [segment] = await write(pages(list), { from: 0, to: 3000 }, { codec, chunkSizeBytes: 50_000 });
    expect(segment.objects.length).toBeGreaterThan(3);
    expect(segment.objects[0].key).toMatch(/\/0-3000\.[a-z0-9]{8}\.bulk(\.zst|\.gz)?\.part1$/);
    expect(Math.max(...segment.objects.map(({ length }) => length))).toBe(50_000);
    const joined = join(folder, 'joined');
    await writeFile(joined, Buffer.concat(await Promise.all(segment.objects.map(({ key }) => store.get(key)))));
    const [tool, args] = { zstd: ['zstd', ['-dc']], gzip: ['gunzip', ['-c']], plain: ['cat', []] }[codec] as [
      string,
      string[],
    ];
    const { stdout } = await run('sh', ['-c', `${tool} ${args.join(' ')} < ${joined}`], { maxBuffer: 1 << 28 });
    expect(stdout).toBe(bulk(list));
  });

  test('several frames are decoded by the ordinary tool as one', async () => {
    const [segment] = await write(pages(...lists), { from: 0, to: 3000 }, { codec });
    const tool = { zstd: 'zstd -dc', gzip: 'gunzip -c', plain: 'cat' }[codec];
    const { stdout } = await run('sh', ['-c', `${tool} < ${join(folder, segment.objects[0].key)}`], {
      maxBuffer: 1 << 28,
    });
    expect(stdout).toBe(bulk(list));
  });

  test('leaves out what is gone, and frames of which nothing is left', async () => {
    const [segment] = await write(pages(...lists), { from: 0, to: 3000 }, { codec });
    const gone = [0, 1, 700, 701, 1499, 1500, 2999];
    const shrunk = { ...segment, deleted: encodeRuns(gone), live: 3000 - gone.length };
    const frames = await read([shrunk]);
    expect(frames.map(({ frame }) => frame)).toEqual([1, 2]);
    expect(frames.reduce((sum, { documents: count }) => sum + count, 0)).toBe(2993);
    expect(bodies(frames)).toBe(bulk(list.filter(({ seqNo }) => !gone.includes(seqNo))));
  });
});

describe('cutting', () => {
  test('an object ends at the frame with which it is full', async () => {
    const lists = Array.from({ length: 8 }, (_, i) => documents(i * 10 + 5, 5, 600_000));
    const segments = await write(pages(...lists), { from: 0, to: 100 }, { codec: 'plain' });
    expect(segments.map(({ from, to }) => [from, to])).toEqual([
      [5, 30],
      [35, 60],
      [65, 80],
    ]);
    expect(segments[0].objects[0].length).toBeGreaterThanOrEqual(SEGMENT_TARGET_BYTES);
    expect(segments.flatMap(({ frames }) => frames.map(({ documents: count }) => count))).toEqual(Array(8).fill(5));
    expect(bodies(await read(segments))).toBe(bulk(lists.flat()));
  });

  test('no object exceeds the chunk size, and only a frame that does is cut in parts', async () => {
    const lists = [documents(0, 2, 300), documents(2, 2, 300), documents(4, 1, 5000), documents(5, 1, 300)];
    const segments = await write(pages(...lists), { from: 0, to: 6 }, { codec: 'plain', chunkSizeBytes: 2000 });
    expect(segments.map(({ from, to, objects }) => [from, to, objects.length])).toEqual([
      [0, 4, 1],
      [4, 5, 3],
      [5, 6, 1],
    ]);
    expect(bodies(await read(segments))).toBe(bulk(lists.flat()));
  });

  test('a range without documents gives no segment', async () => {
    expect(await write(pages([]), { from: 7, to: 9 })).toEqual([]);
    expect(store.count('put')).toBe(0);
  });

  test('a tail ends behind its last document, and is nothing without one', async () => {
    const tail = { from: 3, to: Number.MAX_SAFE_INTEGER, sealed: false };
    expect(await write(pages(documents(5, 2)), tail)).toMatchObject([{ from: 5, to: 7, sealed: false }]);
    expect(await write(pages(), tail)).toEqual([]);
  });
});

describe('writing', () => {
  test.each([
    ['descend', [documents(2, 1), documents(1, 1)]],
    ['come twice', [documents(1, 1), documents(1, 1)]],
    ['lie below the range', [documents(0, 1)]],
    ['lie above the range', [documents(10, 1)]],
  ])('refuses documents that %s', async (_, lists) => {
    await expect(write(pages(...lists), { from: 1, to: 10 })).rejects.toMatchObject({ code: 'shard_inconsistent' });
  });

  test('refuses documents without _source', async () => {
    const page = Buffer.from('{"hits":{"hits":[{"_id":"a","_version":1,"_seq_no":0}]}}');
    async function* one() {
      yield { body: page };
    }
    await expect(write(one(), { from: 0, to: 1 })).rejects.toMatchObject({ code: 'source_disabled' });
  });

  test('takes a response that was cut short for damage on the way', async () => {
    async function* one() {
      yield { body: searchResponse(documents(0, 3)).subarray(0, 200) };
    }
    await expect(write(one(), { from: 0, to: 3 })).rejects.toMatchObject({ code: 'cluster_unavailable' });
  });

  test('fails with what the store says, and yields what was stored before', async () => {
    store.plan('put', { after: 1, fail: 'store_access_denied' });
    const lists = Array.from({ length: 3 }, (_, i) => documents(i, 1, 3000));
    const writing = writingFor(repository, shard, 'snapshot', { codec: 'plain', chunkSizeBytes: 3500 });
    const yielded: number[] = [];
    const all = (async () => {
      for await (const { end } of writeSegments(writing, pages(...lists), { from: 0, to: 3, sealed: true }))
        yielded.push(end);
    })();
    await expect(all).rejects.toMatchObject({ code: 'store_access_denied' });
    expect(yielded).toEqual([1]);
  });

  test('puts one object while it fills the next, and at the end two at once, never more', async () => {
    let putting = 0;
    let most = 0;
    const encoded: number[] = [];
    const slow = new Proxy(store, {
      get(target, property, receiver) {
        if (property !== 'put') return Reflect.get(target, property, receiver) as unknown;
        return async (key: string, body: Buffer) => {
          most = Math.max(most, ++putting);
          const before = encoded.length;
          await new Promise((resolve) => setTimeout(resolve, 50));
          if (before < 6) expect(encoded.length).toBeGreaterThan(before);
          else expect(putting).toBeLessThanOrEqual(2);
          if (before < 6) expect(putting).toBe(1);
          await target.put(key, body);
          putting--;
        };
      },
    });
    repository = { ...repository, store: slow };
    async function* source() {
      for (let i = 0; i < 8; i++) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        encoded.push(i);
        yield { body: searchResponse(documents(i, 1, 3000)) };
      }
    }
    await write(source(), { from: 0, to: 8 }, { codec: 'plain', chunkSizeBytes: 3500 });
    expect(most).toBe(2);
  });

  test('ends with the reason of the signal', async () => {
    const stop = new AbortController();
    async function* source() {
      yield { body: searchResponse(documents(0, 1)) };
      stop.abort(new Error('cancelled'));
      yield { body: searchResponse(documents(1, 1)) };
    }
    await expect(write(source(), { from: 0, to: 2 }, {}, stop.signal)).rejects.toThrow('cancelled');
  });
});

describe('reading', () => {
  let segments: Segment[];
  const list = documents(0, 6, 3000);

  beforeEach(async () => {
    const lists = list.map((one) => [one]);
    segments = await write(pages(...lists), { from: 0, to: 6 }, { codec: 'plain', chunkSizeBytes: 6500 });
    expect(segments).toHaveLength(3);
  });

  test('goes on where it is told to', async () => {
    const frames = await read(segments, { segment: 1, frame: 1 });
    expect(frames.map(({ segment, frame }) => [segment, frame])).toEqual([
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(bodies(frames)).toBe(bulk(list.slice(3)));
    expect(
      store.calls.filter((call) => call.startsWith('get')).map((call) => call.split('/').at(-1)?.split('.')[0]),
    ).toEqual(['2-4', '4-6']);
  });

  test.each([
    ['a flipped bit', (body: Buffer) => Buffer.from(body).fill(body[70] ^ 1, 70, 71)],
    ['a byte too few', (body: Buffer) => body.subarray(1)],
    ['a byte too many', (body: Buffer) => Buffer.concat([body, Buffer.from('\n')])],
  ])('notices %s before it gives a document away', async (_, damage) => {
    store.plan('get', { after: 1, damage });
    const frames: BulkFrame[] = [];
    const reading = (async () => {
      for await (const frame of readSegments(segments, { store, pool })) frames.push(frame);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'repository_corrupt' });
    expect(bodies(frames)).toBe(bulk(list.slice(0, 2)));
  });

  test('calls a missing object damage', async () => {
    await store.delete([segments[2].objects[0].key]);
    await expect(read(segments)).rejects.toMatchObject({ code: 'repository_corrupt' });
  });

  test('refuses a segment whose frames are not those of its object', async () => {
    const [first] = segments;
    const wrong = { ...first, frames: [first.frames[0]] };
    await expect(read([wrong])).rejects.toMatchObject({ code: 'repository_corrupt' });
  });
});

test('a restore is cut into chunks of whole neighbouring segments', async () => {
  const one = (await write(pages(documents(0, 10, 100)), { from: 0, to: 10 }, { codec: 'plain' }))[0];
  const bytes = one.objects[0].length;
  const manifest = { segments: [one, one, one, one, one] } as unknown as Parameters<typeof planRestoreChunks>[0];
  const chunks = planRestoreChunks(manifest, 2 * one.frames[0].rawLength);
  expect(chunks).toMatchObject([
    { first: 0, count: 2, documents: 20, storedBytes: 2 * bytes },
    { first: 2, count: 2 },
    { first: 4, count: 1, documents: 10 },
  ]);
  expect(planRestoreChunks(manifest, 1)).toHaveLength(5);
});
