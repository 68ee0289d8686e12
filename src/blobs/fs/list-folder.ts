import { type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlobKey } from '../contract/blob-key';
import { type BlobInfo } from '../contract/blob-store';
import { errnoOf } from './fs-errors';

/** Files whose length is read concurrently. */
const STAT_BATCH = 64;

/**
 * Lists the files under `location` as blobs, in the byte order of their keys. Holds the names of one folder per level
 * of the tree in memory. Leaves out names that are not keys (such as `.snapkeep~tmp`), and files that are deleted
 * during the listing.
 *
 * @param prefix a valid prefix; only folders that can hold a match are opened.
 * @param after keys up to and including this one are left out.
 */
export async function* listFolder(
  location: string,
  prefix: string,
  after: string,
  signal?: AbortSignal,
): AsyncGenerator<BlobInfo> {
  yield* walk(prefix.slice(0, prefix.lastIndexOf('/') + 1));

  async function* walk(folder: string): AsyncGenerator<BlobInfo> {
    signal?.throwIfAborted();
    const entries = await orderedEntries(join(location, folder));
    const wanted = entries.filter(({ sortName }) => {
      const key = folder + sortName;
      if (!key.startsWith(prefix) && !prefix.startsWith(key)) return false;
      // All keys of a folder start with `key`. The whole folder is past `after`, or `after` may lie inside it.
      return key > after || after.startsWith(key);
    });
    let files: string[] = [];
    for (const { sortName, isFolder } of wanted) {
      const key = folder + sortName;
      if (!isFolder && key > after && key.startsWith(prefix)) files.push(key);
      if (isFolder || files.length === STAT_BATCH) {
        yield* blobsOf(files);
        files = [];
      }
      if (isFolder) yield* walk(key);
    }
    yield* blobsOf(files);
  }

  async function* blobsOf(keys: readonly string[]): AsyncGenerator<BlobInfo> {
    for (const blob of await Promise.all(keys.map((key) => blobOf(location, key)))) if (blob) yield blob;
    signal?.throwIfAborted();
  }
}

interface Entry {
  /** The name, with `/` appended to a folder's, because `a-b` and `a.b` sort before `a/b`. */
  readonly sortName: string;
  readonly isFolder: boolean;
}

async function orderedEntries(folder: string): Promise<Entry[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw error;
  }
  return entries
    .filter((entry) => (entry.isFile() || entry.isDirectory()) && isBlobKey(entry.name))
    .map((entry) => ({ sortName: entry.isDirectory() ? `${entry.name}/` : entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.sortName < b.sortName ? -1 : 1));
}

async function blobOf(location: string, key: string): Promise<BlobInfo | undefined> {
  try {
    return { key, length: (await stat(join(location, key))).size };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
