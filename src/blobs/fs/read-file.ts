import { type FileHandle } from 'node:fs/promises';
import { SnapkeepError } from '../../contracts/errors';

/** Bytes read at a time. Small slices let an aborted call end soon. */
const SLICE_BYTES = 4 * 1024 * 1024;

/**
 * Reads the first `length` bytes of an open file.
 *
 * Throws `store_integrity` when the file is shorter, and the reason of `signal` when it is aborted.
 */
export async function readWhole(file: FileHandle, length: number, signal?: AbortSignal): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, done, Math.min(SLICE_BYTES, length - done), done);
    if (bytesRead === 0) {
      // Objects are replaced as a whole and never cut, so another program writes in this folder.
      throw new SnapkeepError('store_integrity', 'a file became shorter while it was read', {
        details: { expected: length, actual: done },
      });
    }
    done += bytesRead;
  }
  return buffer;
}
