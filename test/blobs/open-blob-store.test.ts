import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBlobStore } from '../../src/blobs/open-blob-store';
import { expectCode, listed } from './blob-store-contract';

const WRITE = { readonly: false };
let location: string;

beforeEach(async () => {
  location = await mkdtemp(join(tmpdir(), 'snapkeep-open-'));
});
afterEach(() => rm(location, { recursive: true, force: true }));

test('a readonly repository reads, and refuses every write', async () => {
  const writable = openBlobStore({ type: 'fs', location }, undefined, WRITE);
  await writable.put('a', Buffer.from('x'));
  const store = openBlobStore({ type: 'fs', location }, undefined, { ...WRITE, readonly: true });
  expect((await store.get('a')).toString()).toBe('x');
  await store.checkUsable();
  await expectCode(store.put('b', Buffer.from('x')), 'store_rejected');
  await expectCode(store.putIfAbsent('b', Buffer.from('x')), 'store_rejected');
  await expectCode(store.delete(['a']), 'store_rejected');
  expect(await listed(store.list(''))).toEqual(['a']);
});

test('an oss repository without keys is refused at once', () => {
  const settings = { type: 'oss', endpoint: 'http://localhost', bucket: 'bucket', basePath: '' } as const;
  for (const secrets of [undefined, { accessKeyId: '', secretAccessKey: 'x' }]) {
    expect(() => openBlobStore(settings, secrets, WRITE)).toThrow(
      expect.objectContaining({ code: 'repository_settings_invalid' }),
    );
  }
});

test('the description tells where the store is', () => {
  const settings = { type: 'oss', endpoint: 'http://localhost', bucket: 'bucket', basePath: 'a/b' } as const;
  const secrets = { accessKeyId: 'id', secretAccessKey: 'secret' };
  expect(openBlobStore(settings, secrets, { ...WRITE, maxRestoreBytesPerSec: 1 }).description).toBe('oss://bucket/a/b');
});
