import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OssFault } from '../../packages/embedded-oss/src/faults';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { OssBlobStore } from '../../src/blobs/oss/oss-blob-store';
import { DEFAULT_RETRY_POLICY, RetryingBlobStore } from '../../src/blobs/wrappers/retrying';
import { OSS_SECRETS, startTestOss } from '../support/embedded-oss';
import { FaultyBlobStore } from '../support/faulty-blob-store';
import { expectCode, listed } from './blob-store-contract';

const QUICK = { attempts: 4, firstPauseMs: 1, withinMs: 60_000 };
const UNAVAILABLE = { fail: 'store_unavailable' as const };

let location: string;
let plain: FsBlobStore;
let faulty: FaultyBlobStore;
let store: RetryingBlobStore;

beforeEach(async () => {
  location = await mkdtemp(join(tmpdir(), 'snapkeep-retry-'));
  plain = new FsBlobStore(location);
  faulty = new FaultyBlobStore(plain);
  store = new RetryingBlobStore(faulty, QUICK);
});
afterEach(async () => {
  faulty.assertAllHappened();
  await rm(location, { recursive: true, force: true });
});

test('a call that fails three times succeeds on the fourth try', async () => {
  faulty.plan('put', UNAVAILABLE, { fail: 'store_integrity' }, UNAVAILABLE);
  await store.put('a', Buffer.from('x'));
  expect((await plain.get('a')).toString()).toBe('x');
  expect(faulty.count('put')).toBe(4);
});

test('a call that fails on all four tries ends with the last error, which says how often it was tried', async () => {
  faulty.plan('get', UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, UNAVAILABLE);
  await expect(store.get('a')).rejects.toMatchObject({
    code: 'store_unavailable',
    message: expect.stringContaining('tried 4 times'),
    details: { tries: 4 },
  });
  expect(faulty.count('get')).toBe(4);
});

test.each(['store_access_denied', 'store_bucket_missing', 'store_rejected', 'blob_missing', 'blob_exists'] as const)(
  'a permanent %s is not tried again',
  async (fail) => {
    faulty.plan('put', { fail });
    await expectCode(store.put('a', Buffer.from('x')), fail);
    expect(faulty.count('put')).toBe(1);
  },
);

test('an error that is none of ours is not tried again', async () => {
  faulty.plan('get', { fail: new TypeError('a bug') });
  await expect(store.get('a')).rejects.toThrow(TypeError);
  expect(faulty.count('get')).toBe(1);
});

describe('putIfAbsent', () => {
  const body = Buffer.from('root of generation 7');

  test('succeeds when its own first try was stored but the answer lost', async () => {
    faulty.plan('putIfAbsent', { ...UNAVAILABLE, failAfterwards: true });
    await store.putIfAbsent('index-7', body);
    expect((await plain.get('index-7')).equals(body)).toBe(true);
    expect(faulty.calls).toEqual(['putIfAbsent index-7', 'putIfAbsent index-7', 'get index-7']);
  });

  test('says blob_exists when another writer came in between, whatever the length of its bytes', async () => {
    for (const other of ['root of generation 8', 'short', 'a much longer object than the one that was to be written']) {
      faulty.plan('putIfAbsent', { ...UNAVAILABLE, run: (key) => plain.put(key, Buffer.from(other)) });
      await expectCode(store.putIfAbsent('index-7', body), 'blob_exists');
      expect((await plain.get('index-7')).toString()).toBe(other);
      await plain.delete(['index-7']);
    }
  });

  test('says blob_exists at once on the first try, even if the bytes are the same', async () => {
    await plain.put('index-7', body);
    await expectCode(store.putIfAbsent('index-7', body), 'blob_exists');
    expect(faulty.count('get')).toBe(0);
  });

  test('compares again when the comparison itself fails for a moment', async () => {
    faulty.plan('putIfAbsent', { ...UNAVAILABLE, failAfterwards: true });
    faulty.plan('get', UNAVAILABLE);
    await store.putIfAbsent('index-7', body);
    expect(faulty.count('get')).toBe(2);
  });

  test('over HTTP: survives every way in which an answer can be lost, and never overwrites', async () => {
    const faults: (OssFault | undefined)[] = [];
    const oss = await startTestOss({ onRequest: () => faults.shift() });
    const settings = { endpoint: oss.endpoint, bucket: 'snapshots', basePath: '' };
    const bucket = new OssBlobStore(settings, OSS_SECRETS, { times: { idleMs: 1000 } });
    const retrying = new RetryingBlobStore(bucket, QUICK);
    const lost: OssFault[] = ['lose-answer', 'reset', 'stall', { status: 500 }, { status: 503 }, { status: 429 }];
    for (const [at, fault] of lost.entries()) {
      faults.push(fault);
      await retrying.putIfAbsent(`index-${at}`, body);
      await expectCode(retrying.putIfAbsent(`index-${at}`, Buffer.from('another')), 'blob_exists');
      expect((await bucket.get(`index-${at}`)).equals(body)).toBe(true);
      expect(faults).toHaveLength(0);
    }
    await bucket.close();
    await oss.stop();
  });
});

test('a listing that breaks off goes on behind the last key it gave, each key once', async () => {
  const keys = Array.from({ length: 25 }, (_, at) => `k/${String(at).padStart(3, '0')}`);
  for (const key of keys) await plain.put(key, Buffer.from(key));
  faulty.plan('list', { ...UNAVAILABLE, failListAt: 10 }, UNAVAILABLE, { ...UNAVAILABLE, failListAt: 7 });
  expect(await listed(store.list('k/'))).toEqual(keys);
  expect(faulty.count('list')).toBe(4);
});

test('a listing that is left early is closed', async () => {
  for (const key of ['a', 'b', 'c']) await plain.put(key, Buffer.from(key));
  for await (const { key } of store.list('')) {
    expect(key).toBe('a');
    break;
  }
});

test('a damaged body is read again', async () => {
  const oss = await startTestOss({ onRequest: () => faults.shift() });
  const faults: (OssFault | undefined)[] = [undefined, 'corrupt-body', 'cut-body'];
  const bucket = new OssBlobStore({ endpoint: oss.endpoint, bucket: 'snapshots', basePath: '' }, OSS_SECRETS);
  const retrying = new RetryingBlobStore(bucket, QUICK);
  await retrying.put('a', Buffer.alloc(100_000, 7));
  expect((await retrying.get('a')).equals(Buffer.alloc(100_000, 7))).toBe(true);
  expect(faults).toHaveLength(0);
  await bucket.close();
  await oss.stop();
});

test('a pause ends at once when the signal is aborted, with its reason and no further try', async () => {
  const slow = new RetryingBlobStore(faulty, { attempts: 4, firstPauseMs: 60_000, withinMs: 600_000 });
  faulty.plan('put', UNAVAILABLE);
  const controller = new AbortController();
  const reason = new Error('cancelled');
  setTimeout(() => controller.abort(reason), 30);
  await expect(slow.put('a', Buffer.from('x'), { signal: controller.signal })).rejects.toBe(reason);
  expect(faulty.count('put')).toBe(1);
});

test('no try starts once the time for all of them is over', async () => {
  const bounded = new RetryingBlobStore(faulty, { attempts: 100, firstPauseMs: 20, withinMs: 100 });
  faulty.plan('get', { ...UNAVAILABLE, run: () => new Promise((resolve) => setTimeout(resolve, 120)) });
  await expectCode(bounded.get('a'), 'store_unavailable');
  expect(faulty.count('get')).toBe(1);
});

test('the default policy pauses for less than five seconds in all', () => {
  const { attempts, firstPauseMs } = DEFAULT_RETRY_POLICY;
  let longest = 0;
  for (let pause = 0; pause < attempts - 1; pause++) longest += firstPauseMs * 3 ** pause;
  expect(longest).toBeLessThan(5000);
});

test('a planned fault that never happens is reported', () => {
  const unused = new FaultyBlobStore(plain).plan('delete', UNAVAILABLE);
  expect(() => unused.assertAllHappened()).toThrow(/1 of delete/);
});
