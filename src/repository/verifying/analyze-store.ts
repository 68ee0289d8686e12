/**
 * Measures a store and proves the promises of its contract (src/blobs/contract/blob-store.ts) across workers: what was
 * written is read and listed by all at once, what was deleted is gone for all at once, and of any number of concurrent
 * puts of one absent key exactly one wins. Each function is the part of one worker.
 */
import { type BlobStore } from '../../blobs/contract/blob-store';
import { inLanes } from '../../concurrency/lanes';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import {
  addCalls,
  type AnalysisBlobs,
  type AnalysisPart,
  type CallSums,
  type ContendedPart,
  NO_CALLS,
} from '../../contracts/jobs/analysis';
import { analysisPrefix, blobContent, blobKey, blobSizes, contendedKey } from './analysis-blobs';

/** Concurrent puts of one key by each worker. */
const CONTENDERS = 4;
/** Bytes of a body for a contended key. */
const CLAIM_MAX_BYTES = 1024;

/**
 * Writes the worker's blobs, and proves that each can be listed at once with its length. Throws
 * `repository_verification_exception` that names the broken promise.
 */
export async function writeBlobs(store: BlobStore, part: AnalysisPart, signal: AbortSignal): Promise<CallSums> {
  const { blobs } = part;
  const sizes = blobSizes(blobs);
  const own = blobsOf(part);
  const sums = new Sums();
  await inLanes(own, part.concurrency, async (blob) => {
    const body = blobContent(blobs, blob, sizes[blob]!);
    await sums.time(body.length, () => store.putIfAbsent(blobKey(blobs, blob), body, { signal }));
  });
  const listed = await listLengths(store, blobs, signal);
  for (const blob of own) {
    const key = blobKey(blobs, blob);
    const length = listed.get(key);
    if (length === undefined) throw broken(part, 'list after write', `object [${key}] was written, and is not listed`);
    if (length !== sizes[blob]) {
      throw broken(
        part,
        'list after write',
        `object [${key}] has [${sizes[blob]}] bytes, and is listed with [${length}]`,
      );
    }
  }
  return sums.all;
}

/** Reads the part's blobs, which another worker wrote, and compares every byte. Throws as {@link writeBlobs} does. */
export async function readBlobs(store: BlobStore, part: AnalysisPart, signal: AbortSignal): Promise<CallSums> {
  const { blobs } = part;
  const sizes = blobSizes(blobs);
  const sums = new Sums();
  await inLanes(blobsOf(part), part.concurrency, async (blob) => {
    const key = blobKey(blobs, blob);
    const size = sizes[blob]!;
    const read = sums.time(size, () => store.get(key, { signal, maxBytes: size + 1 }));
    const body = await read.catch((error: unknown) => {
      if (!isSnapkeepError(error, 'blob_missing')) throw error;
      throw broken(part, 'read after write', `object [${key}] was written by a worker, and is missing for another`);
    });
    if (!body.equals(blobContent(blobs, blob, size))) {
      throw broken(part, 'read after write', `object [${key}] was read with other bytes than were written`);
    }
  });
  return sums.all;
}

/** Puts the contended keys, each many times at once. Returns how many of the puts of each key succeeded. */
export async function contend(store: BlobStore, part: ContendedPart, signal: AbortSignal): Promise<number[]> {
  const keys = Array.from({ length: part.keys }, (_, key) => key);
  return Promise.all(
    keys.map(async (key) => {
      const puts = Array.from({ length: CONTENDERS }, (_, attempt) =>
        isPut(store, contendedKey(part.blobs, key), Buffer.from(`worker ${part.part} attempt ${attempt}`), signal),
      );
      return (await Promise.all(puts)).filter(Boolean).length;
    }),
  );
}

/**
 * Reads the contended keys. Returns the content of each, which has to be the same for all workers. Throws as
 * {@link writeBlobs} does.
 */
export async function readContended(store: BlobStore, part: ContendedPart, signal: AbortSignal): Promise<string[]> {
  return Promise.all(
    Array.from({ length: part.keys }, async (_, key) => {
      const name = contendedKey(part.blobs, key);
      try {
        return (await store.get(name, { signal, maxBytes: CLAIM_MAX_BYTES })).toString('utf8');
      } catch (error) {
        if (!isSnapkeepError(error, 'blob_missing')) throw error;
        throw broken(part, 'put if absent', `object [${name}] was put, and is missing`);
      }
    }),
  );
}

/** Proves that nothing of the analysis is read or listed any more. Throws as {@link writeBlobs} does. */
export async function checkDeleted(store: BlobStore, part: AnalysisPart, signal: AbortSignal): Promise<void> {
  const [left] = (await listLengths(store, part.blobs, signal)).keys();
  if (left !== undefined) throw broken(part, 'list after delete', `object [${left}] was deleted, and is listed`);
  await inLanes(blobsOf(part), part.concurrency, async (blob) => {
    const key = blobKey(part.blobs, blob);
    const found = await store.get(key, { signal, maxBytes: part.blobs.maxSize + 1 }).then(
      () => true,
      (error: unknown) => {
        if (isSnapkeepError(error, 'blob_missing')) return false;
        throw error;
      },
    );
    if (found) throw broken(part, 'read after delete', `object [${key}] was deleted, and can be read`);
  });
}

/** Deletes everything that the analysis wrote. Returns how long listing and deleting took, ms. */
export async function deleteBlobs(
  store: BlobStore,
  blobs: AnalysisBlobs,
  signal: AbortSignal,
): Promise<{ listMillis: number; deleteMillis: number }> {
  const begin = performance.now();
  const keys = [...(await listLengths(store, blobs, signal)).keys()];
  const listed = performance.now();
  await store.delete(keys, { signal });
  return { listMillis: listed - begin, deleteMillis: performance.now() - listed };
}

/** Returns the error for a store that breaks a promise of the contract. */
function broken({ registration }: Pick<AnalysisPart, 'registration'>, promise: string, how: string) {
  return new SnapkeepError(
    'repository_verification_exception',
    `[${registration.name}] analysis failed, the store breaks its promise [${promise}]: ${how}; it can't hold snapshots safely`,
    { details: { repository: registration.name, promise } },
  );
}

function blobsOf({ blobs, part, of }: AnalysisPart): number[] {
  return Array.from({ length: blobs.count }, (_, blob) => blob).filter((blob) => blob % of === part);
}

async function listLengths(
  store: BlobStore,
  blobs: Pick<AnalysisBlobs, 'token'>,
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const listed = new Map<string, number>();
  for await (const { key, length } of store.list(analysisPrefix(blobs), { signal })) listed.set(key, length);
  return listed;
}

async function isPut(store: BlobStore, key: string, body: Buffer, signal: AbortSignal): Promise<boolean> {
  try {
    await store.putIfAbsent(key, body, { signal });
    return true;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_exists')) return false;
    throw error;
  }
}

class Sums {
  all: CallSums = NO_CALLS;

  async time<Result>(bytes: number, call: () => Promise<Result>): Promise<Result> {
    const begin = performance.now();
    const result = await call();
    const millis = performance.now() - begin;
    this.all = addCalls(this.all, { count: 1, bytes, millis, maxMillis: millis });
    return result;
  }
}
