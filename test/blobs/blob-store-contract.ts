import { createHash, randomBytes } from 'node:crypto';
import { type BlobInfo, type BlobStore } from '../../src/blobs/contract/blob-store';
import { type ErrorCode } from '../../src/contracts/errors';

/** A new, empty store, and a second client of the same place. */
export interface OpenedStore {
  readonly store: BlobStore;
  readonly other: BlobStore;
  readonly release: () => Promise<void>;
}

/** Expects a SnapkeepError of that code. */
export async function expectCode(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: 'SnapkeepError', code });
}

export async function listed(blobs: AsyncIterable<BlobInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of blobs) keys.push(key);
  return keys;
}

/**
 * Tests what the contract of BlobStore promises. Every implementation and wrapper runs it.
 *
 * @param options.manyObjects number of objects that the store lists in several pages.
 */
export function describeBlobStoreContract(
  name: string,
  open: () => Promise<OpenedStore>,
  options: { manyObjects: number } = { manyObjects: 150 },
): void {
  describe(`${name} keeps the contract of BlobStore:`, () => {
    let opened: OpenedStore;
    let store: BlobStore;

    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
    });
    afterEach(() => opened.release());

    test('what was put comes back, whole and byte by byte, whatever the bytes', async () => {
      const bodies = [
        Buffer.alloc(0),
        Buffer.from([0]),
        Buffer.from('é中'),
        randomBytes(70_000),
        randomBytes(5_000_000),
      ];
      for (const [at, body] of bodies.entries()) {
        await store.put(`bodies/${at}`, body);
        expect((await opened.other.get(`bodies/${at}`)).equals(body)).toBe(true);
      }
    });

    test('a put replaces what was there, by a longer and by a shorter body', async () => {
      for (const body of ['one', 'a longer one', '2', '']) {
        await store.put('a', Buffer.from(body));
        expect((await opened.other.get('a')).toString()).toBe(body);
      }
    });

    test('putIfAbsent writes where nothing is, else says blob_exists and leaves the object alone', async () => {
      await store.putIfAbsent('root/index-1', Buffer.from('first'));
      await expectCode(opened.other.putIfAbsent('root/index-1', Buffer.from('second')), 'blob_exists');
      expect((await store.get('root/index-1')).toString()).toBe('first');
      await store.delete(['root/index-1']);
      await opened.other.putIfAbsent('root/index-1', Buffer.from('third'));
      expect((await store.get('root/index-1')).toString()).toBe('third');
    });

    test('of many concurrent putIfAbsent of one key exactly one succeeds, and its bytes are the ones that stay', async () => {
      for (let round = 0; round < 5; round++) {
        const key = `race/${round}`;
        const results = await Promise.allSettled(
          Array.from({ length: 12 }, (_, at) =>
            (at % 2 === 0 ? store : opened.other).putIfAbsent(key, Buffer.from(`writer ${at}`)),
          ),
        );
        const winners = results.flatMap((result, at) => (result.status === 'fulfilled' ? [at] : []));
        expect(winners).toHaveLength(1);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'blob_exists' });
        }
        expect((await store.get(key)).toString()).toBe(`writer ${winners[0]}`);
      }
    });

    test('readers of an object that is overwritten all the time see one of the written bodies, never a mixture', async () => {
      const bodies = Array.from({ length: 6 }, (_, at) => Buffer.alloc(300_000 + at * 1000, at));
      const sums = new Set(bodies.map(sha));
      await store.put('shared', bodies[0]!);
      let writing = true;
      const reader = async (): Promise<number> => {
        let reads = 0;
        for (; writing; reads++) expect(sums).toContain(sha(await opened.other.get('shared')));
        return reads;
      };
      const readers = [reader(), reader()];
      for (let round = 0; round < 4; round++) for (const body of bodies) await store.put('shared', body);
      writing = false;
      for (const reads of await Promise.all(readers)) expect(reads).toBeGreaterThan(0);
    });

    test('get of a key without object says blob_missing', async () => {
      await expectCode(store.get('no/such'), 'blob_missing');
    });

    test('get refuses to hold more than maxBytes', async () => {
      await store.put('large', Buffer.alloc(1001));
      await expectCode(store.get('large', { maxBytes: 1000 }), 'store_rejected');
      expect(await store.get('large', { maxBytes: 1001 })).toHaveLength(1001);
    });

    test('list shows every object of a prefix with its length, in the byte order of keys', async () => {
      const keys = ['a', 'a-b', 'a.b', 'a0', 'ab/c', 'ab/d/e', 'ab/d.f', 'ab0', 'B', 'b_c', 'b/.hidden', 'z/z/z/z'];
      for (const [at, key] of keys.entries()) await store.put(key, Buffer.alloc(at));
      const sorted = [...keys].sort();
      expect(await listed(store.list(''))).toEqual(sorted);
      for (const prefix of ['a', 'ab', 'ab/', 'ab/d', 'ab/d/', 'z/z', 'b/.h', 'q', 'ab/d/e', 'ab/d/e/f', 'B']) {
        expect(await listed(store.list(prefix))).toEqual(sorted.filter((key) => key.startsWith(prefix)));
      }
      for await (const { key, length } of store.list('')) expect(length).toBe(keys.indexOf(key));
    });

    test('list with after goes on behind that key, whether it still exists or not', async () => {
      const keys = ['a', 'a-b', 'ab/c', 'ab/d/e', 'ab/d.f', 'ab0', 'b/c', 'z/z/z'];
      for (const key of keys) await store.put(key, Buffer.from(key));
      const sorted = [...keys].sort();
      for (const after of [...keys, 'ab', 'ab/d', 'ab/d/', 'ab/d/zz', 'zz']) {
        expect(await listed(store.list('', { after }))).toEqual(sorted.filter((key) => key > after));
        const below = sorted.filter((key) => key > after && key.startsWith('ab/'));
        expect(await listed(store.list('ab/', { after }))).toEqual(below);
      }
    });

    test('list of more objects than fit in a page shows each of them once', async () => {
      const keys = Array.from(
        { length: options.manyObjects },
        (_, at) => `many/${String(at % 7)}/${String(at).padStart(5, '0')}`,
      );
      for (let at = 0; at < keys.length; at += 50) {
        await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, Buffer.from('x'))));
      }
      expect(await listed(store.list('many/'))).toEqual([...keys].sort());
      // One call deletes all of them.
      await store.delete(keys);
      expect(await listed(store.list(''))).toEqual([]);
    });

    test('delete removes exactly the named objects, and repeating it is harmless', async () => {
      for (const key of ['x/1', 'x/2', 'x/3', 'y']) await store.put(key, Buffer.from(key));
      await store.delete(['x/1', 'x/3', 'never/was']);
      expect(await listed(opened.other.list(''))).toEqual(['x/2', 'y']);
      await store.delete(['x/1', 'x/3', 'never/was']);
      await store.delete(['y']);
      await store.delete([]);
      expect(await listed(opened.other.list(''))).toEqual(['x/2']);
      await expectCode(store.get('x/1'), 'blob_missing');
    });

    test('objects are put and deleted side by side in one folder without losing any', async () => {
      await Promise.all(
        Array.from({ length: 40 }, async (_, at) => {
          const key = `deep/er/${at % 4}/${at}`;
          await store.put(key, Buffer.from(key));
          if (at % 2 === 0) await store.delete([key]);
        }),
      );
      const left = Array.from({ length: 40 }, (_, at) => at).filter((at) => at % 2 === 1);
      expect(await listed(store.list('deep/'))).toEqual(left.map((at) => `deep/er/${at % 4}/${at}`).sort());
    });

    test('a key that is none is refused by every call', async () => {
      for (const key of ['', '/a', 'a/', 'a//b', '..', 'a/../b', './a', 'a b', 'é', 'a\\b', 'a\0b', 'a?b', 'a%2fb']) {
        await expectCode(store.put(key, Buffer.from('x')), 'illegal_argument_exception');
        await expectCode(store.putIfAbsent(key, Buffer.from('x')), 'illegal_argument_exception');
        await expectCode(store.get(key), 'illegal_argument_exception');
        await expectCode(store.delete(['fine', key]), 'illegal_argument_exception');
      }
      await expectCode(listed(store.list('../')), 'illegal_argument_exception');
      await expectCode(listed(store.list('/etc')), 'illegal_argument_exception');
      expect(await listed(store.list(''))).toEqual([]);
    });

    test('a signal that is already aborted ends each call with its reason, and nothing is written', async () => {
      await store.put('there', Buffer.from('x'));
      const reason = new Error('given up');
      const signal = AbortSignal.abort(reason);
      await expect(store.put('a', Buffer.from('x'), { signal })).rejects.toBe(reason);
      await expect(store.putIfAbsent('a', Buffer.from('x'), { signal })).rejects.toBe(reason);
      await expect(store.get('there', { signal })).rejects.toBe(reason);
      await expect(store.delete(['there'], { signal })).rejects.toBe(reason);
      await expect(listed(store.list('', { signal }))).rejects.toBe(reason);
      await expect(store.checkUsable({ signal })).rejects.toBe(reason);
      expect(await listed(store.list(''))).toEqual(['there']);
    });

    test('an interrupted put leaves the object as it was, or replaces it as a whole', async () => {
      const before = randomBytes(1000);
      const after = randomBytes(8_000_000);
      for (const delay of [0, 1, 3, 8, 20]) {
        await store.put('interrupted', before);
        const controller = new AbortController();
        const timer = setTimeout(() => controller.abort(new Error('given up')), delay);
        await store.put('interrupted', after, { signal: controller.signal }).catch((error: Error) => {
          expect(error.message).toBe('given up');
        });
        clearTimeout(timer);
        const found = await opened.other.get('interrupted');
        expect([sha(before), sha(after)]).toContain(sha(found));
      }
      expect(await listed(store.list(''))).toEqual(['interrupted']);
    });

    test('checkUsable accepts the place and leaves nothing in it', async () => {
      await store.checkUsable();
      await store.checkUsable();
      expect(await listed(store.list(''))).toEqual([]);
    });
  });
}

function sha(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
