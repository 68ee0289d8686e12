import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../../blobs/contract/blob-store';

/** Every object whose key starts with the prefix; takes memory for all of their names. */
export async function listAll(store: BlobStore, prefix: string, { signal }: BlobCallOptions): Promise<BlobInfo[]> {
  const objects: BlobInfo[] = [];
  for await (const info of store.list(prefix, { signal })) objects.push(info);
  return objects;
}

/** The folder an object lies in, without a `/` at its end. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'));
}

/** The objects by {@link folderOf} their keys. */
export function byFolder(objects: readonly BlobInfo[]): Map<string, BlobInfo[]> {
  const folders = new Map<string, BlobInfo[]>();
  for (const info of objects) {
    const folder = folderOf(info.key);
    const rest = folders.get(folder);
    if (rest === undefined) folders.set(folder, [info]);
    else rest.push(info);
  }
  return folders;
}

/** Stored bytes of the objects together. */
export function bytesOf(objects: readonly Pick<BlobInfo, 'length'>[]): number {
  return objects.reduce((sum, { length }) => sum + length, 0);
}
