import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../../blobs/contract/blob-store';

/** Lists every object whose key starts with the prefix; takes memory for all keys. Throws what the store throws. */
export async function listAll(store: BlobStore, prefix: string, { signal }: BlobCallOptions): Promise<BlobInfo[]> {
  const objects: BlobInfo[] = [];
  for await (const info of store.list(prefix, { signal })) objects.push(info);
  return objects;
}

/** Returns the folder of a key, without a `/` at its end. */
export function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/'));
}

/** Groups objects by the folder of their keys. */
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

/** Sums the stored bytes of the objects. */
export function bytesOf(objects: readonly Pick<BlobInfo, 'length'>[]): number {
  return objects.reduce((sum, { length }) => sum + length, 0);
}
