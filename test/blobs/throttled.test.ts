import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { ThrottledBlobStore } from '../../src/blobs/wrappers/throttled';

let location: string;
let plain: FsBlobStore;
const RATE = 1_000_000;
const BODY = Buffer.alloc(600_000, 3);

beforeEach(async () => {
  location = await mkdtemp(join(tmpdir(), 'snapkeep-throttle-'));
  plain = new FsBlobStore(location);
});
afterEach(() => rm(location, { recursive: true, force: true }));

/** Milliseconds that `work` takes. */
async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

test('puts of all callers together keep to the rate', async () => {
  const store = new ThrottledBlobStore(plain, { putBytesPerSec: RATE });
  const took = await timed(() => Promise.all([store.put('a', BODY), store.put('b', BODY), store.put('c', BODY)]));
  // 1.8 MB at 1 MB/s, a tenth of a second of which may be saved up.
  expect(took).toBeGreaterThan(1600);
  expect(took).toBeLessThan(4000);
  for (const key of ['a', 'b', 'c']) expect((await plain.get(key)).equals(BODY)).toBe(true);
});

test('gets of all callers together keep to the rate', async () => {
  const store = new ThrottledBlobStore(plain, { getBytesPerSec: RATE });
  await plain.put('a', BODY);
  const took = await timed(async () => {
    const found = await Promise.all([store.get('a'), store.get('a'), store.get('a')]);
    for (const body of found) expect(body.equals(BODY)).toBe(true);
  });
  expect(took).toBeGreaterThan(1600);
  expect(took).toBeLessThan(4000);
});

test('one direction does not slow down the other, nor lists, deletes and commits', async () => {
  const store = new ThrottledBlobStore(plain, { putBytesPerSec: 1 });
  await plain.put('a', BODY);
  const took = await timed(async () => {
    await store.get('a');
    for await (const { key } of store.list('')) expect(key).toBe('a');
    await store.delete(['a']);
    await store.putIfAbsent('root', BODY);
  });
  expect(took).toBeLessThan(1000);
});

test('a wait ends at once when the signal is aborted, and nothing is written', async () => {
  const store = new ThrottledBlobStore(plain, { putBytesPerSec: 1000 });
  const controller = new AbortController();
  const reason = new Error('cancelled');
  setTimeout(() => controller.abort(reason), 50);
  const took = await timed(() => expect(store.put('a', BODY, { signal: controller.signal })).rejects.toBe(reason));
  expect(took).toBeLessThan(1000);
  await expect(plain.get('a')).rejects.toMatchObject({ code: 'blob_missing' });
});
