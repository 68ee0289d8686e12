import { type FileHandle, link, mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { assertBlobKeys, assertBlobPrefix } from '../contract/blob-key';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';
import { errnoOf, fsFailure } from './fs-errors';
import { listFolder } from './list-folder';
import { readWhole } from './read-file';
import { removeQuietly, sweepTemporaryFiles, writeTemporaryFile } from './temporary-file';

/** Attempts of a put to move its file, because a concurrent delete can remove the folder just before. */
const MOVE_ATTEMPTS = 20;

/** Files deleted concurrently. */
const DELETE_BATCH = 32;

/**
 * Stores objects as files under one folder, on a disk or a share that every process sees at the same path.
 *
 * A put writes a temporary file on the same file system, syncs it, renames it into place and syncs the folder.
 * putIfAbsent uses link(2) instead of rename(2), because link fails if the name exists. A folder is deleted with its
 * last object. Unlike a bucket, this store can't hold `a` and `a/b` at once (`store_rejected`), nor `A` and `a` on a
 * file system that ignores case.
 */
export class FsBlobStore implements BlobStore {
  readonly description: string;

  /** @param options.readonly makes `checkUsable` neither create the folder nor write to it. */
  constructor(
    private readonly location: string,
    private readonly options: { readonly?: boolean } = {},
  ) {
    this.description = pathToFileURL(location).href;
  }

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    assertBlobKeys(key);
    await this.guarded('write an object', () => this.place(key, body, rename, options.signal));
  }

  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    assertBlobKeys(key);
    await this.guarded('write an object', async () => {
      try {
        await this.place(key, body, link, options.signal);
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error;
        throw new SnapkeepError('blob_exists', `object [${key}] exists already in [${this.description}]`);
      }
    });
  }

  async get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    assertBlobKeys(key);
    const { signal, maxBytes } = options;
    return this.guarded('read an object', async () => {
      signal?.throwIfAborted();
      const file = await this.openFile(key);
      try {
        const length = (await file.stat()).size;
        if (maxBytes !== undefined && length > maxBytes) {
          throw new SnapkeepError(
            'store_rejected',
            `object [${key}] in [${this.description}] has ${length} bytes, more than the ${maxBytes} that may be read at once`,
          );
        }
        return await readWhole(file, length, signal);
      } finally {
        await file.close();
      }
    });
  }

  async *list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncGenerator<BlobInfo> {
    assertBlobPrefix(prefix);
    try {
      await this.assertLocation();
      yield* listFolder(this.location, prefix, options.after ?? '', options.signal);
    } catch (error) {
      throw fsFailure(error, 'list objects', this.location);
    }
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    assertBlobKeys(...keys);
    await this.guarded('delete objects', async () => {
      await this.assertLocation();
      for (let at = 0; at < keys.length; at += DELETE_BATCH) {
        options.signal?.throwIfAborted();
        await Promise.all(keys.slice(at, at + DELETE_BATCH).map((key) => this.remove(key)));
      }
    });
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.guarded('use the folder', async () => {
      if (this.options.readonly) {
        await this.assertLocation();
        await readdir(this.location);
        return;
      }
      await mkdir(this.location, { recursive: true });
      await this.proveWritable(options.signal);
      await sweepTemporaryFiles(this.location);
    });
  }

  async close(): Promise<void> {
    // Files are closed by the call that opened them.
  }

  private pathOf(key: string): string {
    return join(this.location, key);
  }

  private async place(
    key: string,
    body: Buffer,
    move: (from: string, to: string) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted();
    const temporary = await writeTemporaryFile(this.location, body, signal).catch((error: unknown) => {
      throw errnoOf(error) === 'ENOENT' ? this.locationMissing() : error;
    });
    const target = this.pathOf(key);
    try {
      for (let attempt = 1; ; attempt++) {
        const made = await this.makeFolder(dirname(target));
        try {
          signal?.throwIfAborted();
          await move(temporary, target);
          await this.syncFolders(dirname(target), made);
          return;
        } catch (error) {
          // A concurrent delete of the folder's last object has deleted the folder: create it again.
          if (errnoOf(error) !== 'ENOENT' || attempt >= MOVE_ATTEMPTS) throw error;
        }
      }
    } finally {
      await removeQuietly(temporary);
    }
  }

  private async makeFolder(folder: string): Promise<string | undefined> {
    try {
      return await mkdir(folder, { recursive: true });
    } catch (error) {
      // A file has the name of the folder. Passed on, EEXIST would be taken for an existing object.
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new SnapkeepError('store_rejected', `a file of [${this.description}] is in the way of a folder`, {
        cause: error,
      });
    }
  }

  /** Makes the new name durable, together with the names of the folders that were created for it. */
  private async syncFolders(folder: string, firstMade: string | undefined): Promise<void> {
    const last = firstMade === undefined ? folder : dirname(firstMade);
    for (let current = folder; ; current = dirname(current)) {
      await syncFolder(current);
      if (current === last || current === dirname(current)) return;
    }
  }

  private async remove(key: string): Promise<void> {
    await unlink(this.pathOf(key)).catch((error: unknown) => {
      if (!isNoObject(error)) throw error;
    });
    await this.pruneFolders(key);
  }

  private async pruneFolders(key: string): Promise<void> {
    for (let folder = dirname(key); folder !== '.'; folder = dirname(folder)) {
      try {
        await rmdir(join(this.location, folder));
      } catch (error) {
        if (isNoObject(error)) continue;
        // Not empty: the folder and all its parents still hold objects.
        return;
      }
    }
  }

  private async openFile(key: string): Promise<FileHandle> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.pathOf(key), 'r');
      if ((await file.stat()).isFile()) return file;
    } catch (error) {
      if (!isNoObject(error)) throw error;
    }
    await file?.close();
    await this.assertLocation();
    throw new SnapkeepError('blob_missing', `there is no object [${key}] in [${this.description}]`);
  }

  /** Throws `store_bucket_missing` when the folder is missing, because an unmounted share must not look empty. */
  private async assertLocation(): Promise<void> {
    const found = await stat(this.location).catch((error: unknown) => {
      if (isNoObject(error)) return undefined;
      throw error;
    });
    if (!found?.isDirectory()) throw this.locationMissing();
  }

  private locationMissing(): SnapkeepError {
    return new SnapkeepError(
      'store_bucket_missing',
      `the folder [${this.location}] does not exist: mount it, or register the repository again to make it`,
    );
  }

  private async proveWritable(signal: AbortSignal | undefined): Promise<void> {
    const first = await writeTemporaryFile(this.location, Buffer.from('snapkeep'), signal);
    const second = `${first}~2`;
    try {
      await link(first, second);
      const refused = await link(first, second).catch((error: unknown) => errnoOf(error));
      if (refused !== 'EEXIST') {
        throw new SnapkeepError(
          'repository_settings_invalid',
          `the file system of [${this.location}] does not refuse a second link of one name: put-if-absent has no effect there`,
        );
      }
    } catch (error) {
      if (isSnapkeepError(error)) throw error;
      throw new SnapkeepError(
        'repository_settings_invalid',
        `the file system of [${this.location}] has no hard links (${errnoOf(error) ?? 'failed'}), which put-if-absent needs: use a folder on another one`,
        { cause: error },
      );
    } finally {
      await removeQuietly(first);
      await removeQuietly(second);
    }
  }

  private async guarded<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fsFailure(error, doing, this.location);
    }
  }
}

/** Returns whether the path has no file because its name is missing or a parent is a file. */
function isNoObject(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    // The folder was deleted concurrently together with the object, or the platform can't sync folders.
    if (!['ENOENT', 'EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle?.close();
  }
}
