import { type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isBlobKey } from '../contract/blob-key';
import { type BlobInfo } from '../contract/blob-store';
import { errnoOf } from './fs-errors';

/** Files whose length is asked for at the same time. */
const STAT_BATCH = 64;

/**
 * The files under `location` as blobs, in the byte order of their keys, holding one folder's names per level of the
 * tree. Names that are no key (temporary files, `lost+found` is one, `.snapkeep~tmp` is not) are left out, and so is a
 * file that vanishes meanwhile.
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
      // A folder's keys all start with `key`: the whole folder is past `after`, or `after` may lie inside it.
      return key > after || after.startsWith(key);
    });
    for (let at = 0; at < wanted.length;) {
      if (wanted[at].isFolder) {
        yield* walk(folder + wanted[at].sortName);
        at++;
        continue;
      }
      const batch = [];
      while (at < wanted.length && !wanted[at].isFolder && batch.length < STAT_BATCH) {
        const key = folder + wanted[at++].sortName;
        if (key > after && key.startsWith(prefix)) batch.push(lengthOf(location, key));
      }
      for (const blob of await Promise.all(batch)) if (blob) yield blob;
      signal?.throwIfAborted();
    }
  }
}

interface Entry {
  /** A folder sorts as `name/`, which is how its keys go on: `a-b` and `a.b` come before `a/b`. */
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

async function lengthOf(location: string, key: string): Promise<BlobInfo | undefined> {
  try {
    return { key, length: (await stat(join(location, key))).size };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
