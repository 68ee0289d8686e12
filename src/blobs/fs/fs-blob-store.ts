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

/** A folder can vanish between making it and using it (a delete prunes it) this many times before a put gives up. */
const FOLDER_TRIES = 20;

/** Files deleted at the same time. */
const DELETE_BATCH = 32;

/**
 * Objects as files under one folder, on a disk or a share that every worker sees at the same path.
 *
 * A put writes a temporary file on the same file system, syncs it, renames it into place and syncs the folder;
 * an absent-put uses link(2) in place of rename(2), which fails if the name is taken. Folders exist only as long as
 * they hold objects. Two things a bucket can do and this store cannot: hold `a` and `a/b` at once (`store_rejected`),
 * and, on a file system that ignores case, tell `A` from `a`.
 */
export class FsBlobStore implements BlobStore {
  readonly description: string;

  /** @param options.readonly `checkUsable` then neither makes the folder nor proves that it can write. */
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
      throw this.translated(error, 'list objects');
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
      for (let tries = 1; ; tries++) {
        const made = await this.makeFolder(dirname(target));
        try {
          signal?.throwIfAborted();
          await move(temporary, target);
          await this.syncFolders(dirname(target), made);
          return;
        } catch (error) {
          // A delete of the folder's last object has pruned the folder: make it again.
          if (errnoOf(error) !== 'ENOENT' || tries >= FOLDER_TRIES) throw error;
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
      // An object's name is in the way. As EEXIST it would read as "this object exists".
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new SnapkeepError('store_rejected', `a file of [${this.description}] is in the way of a folder`, {
        cause: error,
      });
    }
  }

  /** Makes the new name durable, and with it the names of the folders made on the way. */
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
        // Not empty: it, and all above it, still hold objects.
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

  /** A missing folder is no empty repository: a share that is not mounted must not read as one. */
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
      throw this.translated(error, doing);
    }
  }

  private translated(error: unknown, doing: string): unknown {
    return errnoOf(error) === undefined ? error : fsFailure(error, doing, this.location);
  }
}

/** The name holds nothing, or something above it is a file. */
function isNoObject(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR';
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    // Pruned meanwhile (then so is the object), or a platform where a folder can't be synced.
    if (!['ENOENT', 'EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
  } finally {
    await handle?.close();
  }
}
