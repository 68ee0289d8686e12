import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SnapkeepError } from '../../contracts/errors';
import { errnoOf } from './fs-errors';

/** Folder for files being written. `~` stands in no key, so it can neither hide an object nor be listed as one. */
export const TEMPORARY_FOLDER = '.snapkeep~tmp';

/** Written and verified in slices of this many bytes, so that a call that is given up ends soon. */
const SLICE_BYTES = 4 * 1024 * 1024;

/** No put takes that long: a temporary file of that age was left by a process that died. */
const LEFT_OVER_MS = 24 * 60 * 60 * 1000;

/**
 * Writes `body` to a fresh file in the temporary folder of `location`, reads it back, and syncs it to disk.
 *
 * @returns its path; the caller renames or links it into place, and removes it if that fails.
 * @throws `ENOENT` if `location` itself is missing (it is never made here: it may be a mount that is gone);
 *   `store_integrity` if the file does not read as it was written.
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

/** Removes a file that may be gone already, or that a later {@link sweepTemporaryFiles} will take. */
export async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

/** Removes temporary files more than a day old. */
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
