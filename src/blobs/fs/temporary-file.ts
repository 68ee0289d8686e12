import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SnapkeepError } from '../../contracts/errors';
import { errnoOf } from './fs-errors';

/** Folder of files that are being written. Because no key holds `~`, it can't hide an object or be listed as one. */
const TEMPORARY_FOLDER = '.snapkeep~tmp';

/** Bytes written or verified at a time. Small slices let an aborted call end soon. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** Age of a temporary file at which its writer must have crashed, because no put takes so long. */
const LEFT_OVER_MS = 24 * 60 * 60 * 1000;

/**
 * Writes `body` to a new file in the temporary folder of `location`, syncs it to disk, and reads it back. Returns the
 * path. The caller moves the file into place, and deletes it if that fails.
 *
 * Throws `ENOENT` when `location` itself is missing: it is not created here, because it may be a lost mount. Throws
 * `store_integrity` when the file does not hold the bytes that were written.
 */
export async function writeTemporaryFile(location: string, body: Buffer, signal?: AbortSignal): Promise<string> {
  const path = join(location, TEMPORARY_FOLDER, randomUUID());
  const file = await openFresh(location, path);
  try {
    try {
      for (let at = 0; at < body.length; at += SLICE_BYTES) {
        signal?.throwIfAborted();
        await writeWhole(file, body.subarray(at, at + SLICE_BYTES), at);
      }
      await file.sync();
      await compare(file, body, signal);
    } finally {
      await file.close();
    }
    return path;
  } catch (error) {
    await removeQuietly(path);
    throw error;
  }
}

/** Deletes a file and ignores failures. A later {@link sweepTemporaryFiles} deletes what is left. */
export async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

/** Deletes temporary files more than a day old. Ignores failures. */
export async function sweepTemporaryFiles(location: string, now = Date.now()): Promise<void> {
  const folder = join(location, TEMPORARY_FOLDER);
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > LEFT_OVER_MS) await removeQuietly(path);
  }
}

async function openFresh(location: string, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx+', 0o640);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  await mkdir(join(location, TEMPORARY_FOLDER)).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  return open(path, 'wx+', 0o640);
}

async function writeWhole(file: FileHandle, slice: Buffer, at: number): Promise<void> {
  for (let done = 0; done < slice.length;) {
    done += (await file.write(slice, done, slice.length - done, at + done)).bytesWritten;
  }
}

async function compare(file: FileHandle, body: Buffer, signal?: AbortSignal): Promise<void> {
  const buffer = Buffer.allocUnsafe(Math.min(body.length, SLICE_BYTES));
  let at = 0;
  while (at < body.length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0 || !buffer.subarray(0, bytesRead).equals(body.subarray(at, at + bytesRead))) break;
    at += bytesRead;
  }
  if (at !== body.length || (await file.stat()).size !== body.length) {
    throw new SnapkeepError('store_integrity', 'a file does not read as it was written', {
      details: { length: body.length, equalUpTo: at },
    });
  }
}
