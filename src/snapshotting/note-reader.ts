import { LRUCache } from 'lru-cache';
import { type BlobStore } from '../blobs/contract/blob-store';
import { untilAborted } from '../concurrency/on-abort';
import { type CopiedShard } from '../contracts/jobs/copy';
import { type ObjectRef } from '../contracts/stored';
import { cacheKey, jsonBytes } from '../repository/catalogue/catalogue';
import { type NumberSet } from '../repository/segments/number-set';
import { readLists, readNumberSet } from './job-notes';
import { type JobPlan, readPlan } from './job-plan';
import { type ShardInView } from './shard-in-view';

/**
 * Reads the notes that every step of a job needs, once for all steps of a process, because the plan of a large job
 * takes longer to read than a small step. A note never changes, so a kept one is never out of date. The notes that it
 * returns are shared: never change them.
 *
 * All methods throw the signal's reason when it is aborted, and what the readers of notes throw.
 */
export class NoteReader {
  private readonly kept: LRUCache<string, Promise<object>>;

  /**
   * @param options.cacheBytes approximate bytes of JSON of the notes that are kept; parsed, they take two or three
   * times that. Two notes are kept whatever their size, because the largest ones take longest to read.
   */
  constructor({ cacheBytes = 64 * 1024 * 1024 }: { cacheBytes?: number } = {}) {
    this.kept = new LRUCache({ maxSize: cacheBytes });
  }

  /** Returns the plan that {@link readPlan} reads. */
  plan(store: BlobStore, ref: ObjectRef, signal?: AbortSignal): Promise<JobPlan> {
    return this.shared(ref, () => readPlan(store, ref), signal);
  }

  /** Returns the shards with the views of one note. */
  views(store: BlobStore, ref: ObjectRef, signal?: AbortSignal): Promise<readonly ShardInView[]> {
    return this.shared(ref, () => readLists(store, 'views', [ref], {}), signal);
  }

  /** Returns what was copied of the shards of one group. */
  copied(store: BlobStore, ref: ObjectRef, signal?: AbortSignal): Promise<readonly CopiedShard[]> {
    return this.shared(ref, () => readLists(store, 'copied', [ref], {}), signal);
  }

  /** Returns the numbers that {@link readNumberSet} reads. */
  numbers(store: BlobStore, ref: ObjectRef, signal?: AbortSignal): Promise<Pick<NumberSet, 'has'>> {
    return this.shared(ref, () => readNumberSet(store, ref, {}), signal);
  }

  /** Reads without a signal, because a caller that gives up must not end the read that others wait for. */
  private shared<T extends object>(
    ref: ObjectRef,
    read: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const key = cacheKey(ref);
    const known = this.kept.get(key) as Promise<T> | undefined;
    if (known !== undefined) return untilAborted(known, signal);
    const reading = read();
    this.kept.set(key, reading, { size: Math.min(Math.floor(this.kept.maxSize / 2), jsonBytes(ref)) });
    reading.catch(() => {
      if (this.kept.peek(key) === reading) this.kept.delete(key);
    });
    return untilAborted(reading, signal);
  }
}
