import { setTimeout as sleep } from 'node:timers/promises';
import { untilAborted } from '../../concurrency/on-abort';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';

/** How often, and for how long, a failed call is tried again. */
export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly tries: number;
  /** Longest pause before the second try, in milliseconds; it triples with every further one. */
  readonly firstPauseMs: number;
  /** No try starts later than this many milliseconds after the first. */
  readonly withinMs: number;
}

/**
 * Bridges what passes in a moment: a reset connection, a 503. Long outages are the business of Temporal, which runs
 * the whole activity again, so this stays short: pauses of at most 0.3 + 0.9 + 2.7 seconds.
 */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { tries: 4, firstPauseMs: 300, withinMs: 10_000 };

/**
 * The one layer of the stores that tries again, and only what the catalogue calls retryable. Pauses are random in the
 * upper half of their length, so that workers that failed together do not come back together.
 *
 * A listing goes on behind the last key it yielded.
 */
export class RetryingBlobStore implements BlobStore {
  constructor(
    private readonly store: BlobStore,
    private readonly policy: RetryPolicy = DEFAULT_RETRY_POLICY,
  ) {}

  get description(): string {
    return this.store.description;
  }

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.retry(() => this.store.put(key, body, options), options.signal);
  }

  /**
   * A try whose answer was lost may have stored the object: `blob_exists` on a later try means success if the object
   * holds these very bytes.
   */
  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    let outcomeUnknown = false;
    await this.retry(async () => {
      try {
        await this.store.putIfAbsent(key, body, options);
      } catch (error) {
        if (isSnapkeepError(error, 'blob_exists') && outcomeUnknown && (await this.holds(key, body, options))) return;
        outcomeUnknown ||= isSnapkeepError(error) && error.retryable;
        throw error;
      }
    }, options.signal);
  }

  async get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    return this.retry(() => this.store.get(key, options), options.signal);
  }

  async *list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncGenerator<BlobInfo> {
    let after = options.after;
    const open = (): AsyncIterator<BlobInfo> =>
      this.store.list(prefix, { ...options, ...(after === undefined ? {} : { after }) })[Symbol.asyncIterator]();
    let blobs: AsyncIterator<BlobInfo> | undefined;
    try {
      for (;;) {
        const next = await this.retry(async () => {
          blobs ??= open();
          try {
            return await blobs.next();
          } catch (error) {
            // An iterator that threw is over.
            blobs = undefined;
            throw error;
          }
        }, options.signal);
        if (next.done) return;
        after = next.value.key;
        yield next.value;
      }
    } finally {
      await blobs?.return?.();
    }
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    await this.retry(() => this.store.delete(keys, options), options.signal);
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    await this.retry(() => this.store.checkUsable(options), options.signal);
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  private async holds(key: string, body: Buffer, options: BlobCallOptions): Promise<boolean> {
    try {
      return (await this.store.get(key, { ...options, maxBytes: body.length })).equals(body);
    } catch (error) {
      // A longer object is another one, and so is one that is gone meanwhile.
      if (isSnapkeepError(error, 'store_rejected') || isSnapkeepError(error, 'blob_missing')) return false;
      throw error;
    }
  }

  private async retry<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const startedAt = performance.now();
    for (let tried = 1; ; tried++) {
      try {
        return await call();
      } catch (error) {
        if (!isSnapkeepError(error) || !error.retryable) throw error;
        const pauseMs = this.policy.firstPauseMs * 3 ** (tried - 1) * (0.5 + Math.random() / 2);
        const elapsedMs = performance.now() - startedAt;
        if (tried >= this.policy.tries || elapsedMs + pauseMs > this.policy.withinMs) {
          throw tried === 1 ? error : afterTries(error, tried);
        }
        await pause(pauseMs, signal);
      }
    }
  }
}

function afterTries(error: SnapkeepError, tries: number): SnapkeepError {
  const details = { ...error.details, tries };
  return new SnapkeepError(error.code, `${error.message} (tried ${tries} times)`, { details, cause: error });
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const ended = new AbortController();
  try {
    await untilAborted(
      sleep(ms, undefined, { signal: ended.signal }).catch(() => undefined),
      signal,
    );
  } finally {
    ended.abort();
  }
}
