import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { expectCode, listed } from './blob-store-contract';

let parent: string;
let location: string;
let store: FsBlobStore;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'snapkeep-fs-'));
  location = join(parent, 'repositories', 'one');
  store = new FsBlobStore(location);
  await store.checkUsable();
});
afterEach(() => rm(parent, { recursive: true, force: true }));

test('checkUsable makes the folder with all above it', async () => {
  expect((await stat(location)).isDirectory()).toBe(true);
});

test('what a killed writer left behind is never listed, and goes away after a day', async () => {
  const left = join(location, '.snapkeep~tmp', 'left-over');
  await writeFile(left, 'half of');
  expect(await listed(store.list(''))).toEqual([]);
  await store.checkUsable();
  expect((await stat(left)).isFile()).toBe(true);
  const dayBefore = new Date(Date.now() - 25 * 60 * 60 * 1000);
  await utimes(left, dayBefore, dayBefore);
  await store.checkUsable();
  await expect(stat(left)).rejects.toThrow('ENOENT');
});

test('a folder goes away with its last object, and no other', async () => {
  await store.put('a/b/c/1', Buffer.from('x'));
  await store.put('a/b/2', Buffer.from('x'));
  await store.delete(['a/b/c/1']);
  expect(await readdir(join(location, 'a', 'b'))).toEqual(['2']);
  await store.delete(['a/b/2']);
  expect(await readdir(location)).toEqual(['.snapkeep~tmp']);
});

test('writing leaves no temporary file, whether it succeeds, is refused or is interrupted', async () => {
  await store.put('a', Buffer.from('x'));
  await expectCode(store.putIfAbsent('a', Buffer.from('y')), 'blob_exists');
  await expectCode(store.put('a/b', Buffer.from('y')), 'store_rejected');
  await expectCode(store.putIfAbsent('a/b/c', Buffer.from('y')), 'store_rejected');
  const signal = AbortSignal.timeout(1);
  await store.put('b', Buffer.alloc(50_000_000), { signal }).catch(() => undefined);
  expect(await readdir(join(location, '.snapkeep~tmp'))).toEqual([]);
});

test('a folder that is gone is store_bucket_missing, never an empty repository', async () => {
  await store.put('a', Buffer.from('x'));
  await rm(location, { recursive: true });
  await expectCode(store.get('a'), 'store_bucket_missing');
  await expectCode(listed(store.list('')), 'store_bucket_missing');
  await expectCode(store.delete(['a']), 'store_bucket_missing');
  await expectCode(store.put('a', Buffer.from('x')), 'store_bucket_missing');
  await expectCode(store.putIfAbsent('a', Buffer.from('x')), 'store_bucket_missing');
  await expect(stat(location)).rejects.toThrow('ENOENT');
});

test('a readonly store is checked without making or writing anything', async () => {
  const missing = new FsBlobStore(join(parent, 'missing'), { readonly: true });
  await expectCode(missing.checkUsable(), 'store_bucket_missing');
  const there = join(parent, 'there');
  await mkdir(there);
  await new FsBlobStore(there, { readonly: true }).checkUsable();
  expect(await readdir(there)).toEqual([]);
});

test('a location that cannot be a folder is refused with its name', async () => {
  await writeFile(join(parent, 'file'), 'x');
  await expect(new FsBlobStore(join(parent, 'file', 'below')).checkUsable()).rejects.toMatchObject({
    code: 'store_rejected',
    message: expect.stringContaining(join(parent, 'file', 'below')),
  });
});

// Root may write anywhere.
(process.getuid?.() === 0 ? test.skip : test)('a folder without permission is store_access_denied', async () => {
  await chmod(location, 0o500);
  await expectCode(store.checkUsable(), 'store_access_denied');
  await chmod(location, 0o700);
});

test('names that are no keys are passed over by listings, links too', async () => {
  await store.put('a', Buffer.from('x'));
  await writeFile(join(location, 'lost file'), 'x');
  await symlink('/etc/passwd', join(location, 'passwd'));
  expect(await listed(store.list(''))).toEqual(['a']);
});

test('the description is a file URL', () => {
  expect(store.description).toMatch(/^file:\/\/\/.*\/repositories\/one$/);
});
