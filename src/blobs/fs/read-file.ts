import { type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { endOnAbort } from '../../concurrency/on-abort';
import { SnapkeepError } from '../../contracts/errors';

/** Read in slices of this many bytes, so that a call that is given up ends soon. */
const SLICE_BYTES = 4 * 1024 * 1024;
const STREAM_SLICE_BYTES = 256 * 1024;

/** Bytes `[start, start + length)` of an open file that is known to be that long. */
export async function readRange(
  file: FileHandle,
  start: number,
  length: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, done, Math.min(SLICE_BYTES, length - done), start + done);
    if (bytesRead === 0) {
      // Objects are replaced as a whole, never cut: somebody else writes in this folder.
      throw new SnapkeepError('store_integrity', 'a file became shorter while it was read', {
        details: { expected: start + length, actual: start + done },
      });
    }
    done += bytesRead;
  }
  return buffer;
}

/** The open file as a stream that closes it at the end, whatever the end is; errors pass through `translate`. */
export function fileStream(file: FileHandle, translate: (error: unknown) => unknown, signal?: AbortSignal): Readable {
  return endOnAbort(Readable.from(slices(), { objectMode: false, highWaterMark: STREAM_SLICE_BYTES }), signal);

  async function* slices(): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(STREAM_SLICE_BYTES) });
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } catch (error) {
      throw translate(error);
    } finally {
      await file.close();
    }
  }
}
