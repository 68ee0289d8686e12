import { setTimeout as sleep } from 'node:timers/promises';
import { untilAborted } from '../../concurrency/on-abort';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';

/** Limits how often, and for how long, a failed call is retried. */
interface RetryPolicy {
  /** Attempts in all, including the first. */
  readonly attempts: number;
  /** Longest pause before the second attempt, in milliseconds. It triples with every further attempt. */
  readonly firstPauseMs: number;
  /** Milliseconds after the first attempt within which the last one has to start. */
  readonly withinMs: number;
}

/**
 * Bridges short failures, such as a reset connection or a 503, with pauses of at most 0.3 + 0.9 + 2.7 seconds. In
 * longer outages Temporal retries the whole activity.
 */
export const DEFAULT_RETRY_POLICY: RetryPolicy = { attempts: 4, firstPauseMs: 300, withinMs: 10_000 };

/**
 * Retries the calls of a store whose error the catalogue marks as retryable. It is the only layer that does. Each pause
 * has a random length in the upper half of its range, because workers that failed together must not return together.
 *
 * A listing that fails continues after the last key it yielded.
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
   * Writes the object only if the key has none. Because an attempt whose response was lost may have stored the object,
   * `blob_exists` on a retry counts as success if the stored bytes are equal to `body`.
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
            // An iterator can't be used after it threw.
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
      // A longer object has other bytes. A missing one was deleted concurrently.
      if (isSnapkeepError(error, 'store_rejected') || isSnapkeepError(error, 'blob_missing')) return false;
      throw error;
    }
  }

  private async retry<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (!isSnapkeepError(error) || !error.retryable) throw error;
        const pauseMs = this.policy.firstPauseMs * 3 ** (attempt - 1) * (0.5 + Math.random() / 2);
        const elapsedMs = performance.now() - startedAt;
        if (attempt >= this.policy.attempts || elapsedMs + pauseMs > this.policy.withinMs) {
          throw attempt === 1 ? error : afterAttempts(error, attempt);
        }
        await pause(pauseMs, signal);
      }
    }
  }
}

function afterAttempts(error: SnapkeepError, tries: number): SnapkeepError {
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
