import { randomBytes } from 'node:crypto';
import { type Worker } from 'node:worker_threads';
import { compressFrame, decompressFrame, preferredCodec } from '../../src/documents/codec';
import { type Codec } from '../../src/documents/codec';
import { CodecPool } from '../../src/documents/codec-pool';
import { searchResponse } from '../repository/support/shard-model';

const SIZES = [1, 100, 131_071, 131_072, 131_073, 262_144, 1_000_000, 6_000_001];

test('zstd is there, so it is what frames are compressed with', () => {
  expect(preferredCodec(true)).toBe('zstd');
  expect(preferredCodec(false)).toBe('plain');
});

describe.each<Codec>(['zstd', 'gzip', 'plain'])('%s', (codec) => {
  test('gives back every body, whatever its size and what came before it', () => {
    for (const size of SIZES) {
      for (const body of [Buffer.alloc(size, '{"a":1}'), randomBytes(size)]) {
        const frame = compressFrame(codec, body);
        expect(decompressFrame(codec, frame, size).equals(body)).toBe(true);
        for (const cut of [1, 2, 3, 5, Math.ceil(frame.length / 2)]) {
          if (cut >= frame.length) continue;
          expect(() => decompressFrame(codec, frame.subarray(0, frame.length - cut), size)).toThrow();
        }
        expect(() => decompressFrame(codec, Buffer.concat([frame, frame]), size)).toThrow();
        // What failed leaves no trace in what comes next.
        expect(decompressFrame(codec, frame, size).equals(body)).toBe(true);
      }
    }
  });

  test('refuses a body that is longer or shorter than it should be', () => {
    const frame = compressFrame(codec, Buffer.alloc(1000));
    for (const length of [0, 1, 999, 1001]) {
      expect(() => decompressFrame(codec, frame, length)).toThrow(
        expect.objectContaining({ code: 'repository_corrupt' }),
      );
    }
  });
});

describe('a pool of threads', () => {
  let pool: CodecPool;

  beforeEach(() => {
    pool = new CodecPool(2);
  });

  afterEach(() => pool.close());

  function page(first: number, count: number): Buffer {
    const documents = Array.from({ length: count }, (_, i) => ({
      id: `doc-${first + i}`,
      seqNo: first + i,
      version: 1,
      source: `{"n":${first + i},"text":"some text that makes the document longer, so that threads are used"}`,
    }));
    return searchResponse(documents);
  }

  test.each<Codec>(['zstd', 'gzip', 'plain'])(
    'encodes and decodes many %s frames at once without mixing them up',
    async (codec) => {
      const results = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          const encoded = await pool.encode({ body: page(i * 10_000, 1500 + i) }, codec);
          const job = { bytes: encoded.bytes, codec, rawLength: encoded.rawLength, documents: encoded.seqNos.length };
          return { i, encoded, body: await pool.decode({ ...job, drop: Uint32Array.of(0, 2) }) };
        }),
      );
      for (const { i, encoded, body } of results) {
        expect(encoded.seqNos).toHaveLength(1500 + i);
        expect(encoded.seqNos[0]).toBe(i * 10_000);
        const lines = body.toString().split('\n');
        expect(lines).toHaveLength(2 * (1498 + i) + 1);
        expect(lines[0]).toContain(`"_id":"doc-${i * 10_000 + 1}"`);
        expect(lines[3]).toContain(`{"n":${i * 10_000 + 3},`);
      }
    },
  );

  test('passes on what a task throws, with its code, and works on', async () => {
    const broken = Buffer.concat([page(0, 3000), Buffer.from('}')]);
    await expect(pool.encode({ body: broken }, 'zstd')).rejects.toMatchObject({ code: 'cluster_unavailable' });
    const job = { bytes: randomBytes(1000), codec: 'zstd' as const, rawLength: 1_000_000, documents: 1 };
    await expect(pool.decode({ ...job, drop: new Uint32Array() })).rejects.toMatchObject({
      code: 'repository_corrupt',
    });
    expect((await pool.encode({ body: page(0, 3000) }, 'zstd')).seqNos).toHaveLength(3000);
  });

  test('a thread that dies fails its own task only', async () => {
    const [dying, other] = [
      pool.encode({ body: page(0, 20_000) }, 'gzip'),
      pool.encode({ body: page(0, 20_000) }, 'gzip'),
    ];
    const later = pool.encode({ body: page(0, 3000) }, 'gzip');
    const [thread] = (pool as unknown as { busy: Map<Worker, unknown> }).busy.keys();
    await Promise.all([
      expect(dying).rejects.toMatchObject({ code: 'worker_unavailable' }),
      expect(other).resolves.toMatchObject({ seqNos: { length: 20_000 } }),
      expect(later).resolves.toMatchObject({ seqNos: { length: 3000 } }),
      thread.terminate(),
    ]);
    expect((await pool.encode({ body: page(0, 3000) }, 'gzip')).seqNos).toHaveLength(3000);
  });

  test('a task that is given up while it waits is never run', async () => {
    const stop = new AbortController();
    const running = [pool.encode({ body: page(0, 5000) }, 'gzip'), pool.encode({ body: page(0, 5000) }, 'gzip')];
    const waiting = pool.encode({ body: page(0, 5000) }, 'gzip', stop.signal);
    stop.abort(new Error('given up'));
    await expect(waiting).rejects.toThrow('given up');
    await Promise.all(running);
  });

  test('small pages need no thread', async () => {
    const never = new CodecPool(1);
    await never.close();
    expect((await never.encode({ body: page(0, 10) }, 'zstd')).seqNos).toHaveLength(10);
    await expect(never.encode({ body: page(0, 3000) }, 'zstd')).rejects.toThrow('closed');
  });

  test('closing fails what is under way', async () => {
    const tasks = Array.from({ length: 4 }, () => pool.encode({ body: page(0, 5000) }, 'gzip'));
    const ends = Promise.allSettled(tasks);
    await pool.close();
    expect((await ends).map(({ status }) => status)).toEqual(Array(4).fill('rejected'));
  });
});
