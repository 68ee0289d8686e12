import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../../../src/blobs/contract/blob-store';

/** The end of a process, as far as its store calls can tell. */
export class Crash extends Error {}

/** What becomes of the call at which a process dies: the store never gets it, gets it at once, or later. */
export type LastCall = 'lost' | 'reaches' | 'is late';

/**
 * A process's way to a store: after so many calls the process is dead. The call at which it dies may or may not have
 * reached the store, or reach it when others have long gone on; none after it does.
 */
export class CrashingBlobStore implements BlobStore {
  readonly description: string;
  /** Calls made so far. */
  calls = 0;

  /**
   * @param callsToLive calls that are answered; none is after that.
   * @param late is given the calls that reach the store late, to be waited for in the end.
   */
  constructor(
    private readonly store: BlobStore,
    private readonly callsToLive = Infinity,
    private readonly lastCall: LastCall = 'lost',
    private readonly late: (call: Promise<unknown>) => void = () => {},
  ) {
    this.description = store.description;
  }

  put(key: string, body: Buffer, options?: BlobCallOptions): Promise<void> {
    return this.unlessDead(() => this.store.put(key, body, options));
  }

  putIfAbsent(key: string, body: Buffer, options?: BlobCallOptions): Promise<void> {
    return this.unlessDead(() => this.store.putIfAbsent(key, body, options));
  }

  get(key: string, options?: BlobCallOptions & { maxBytes?: number }): Promise<Buffer> {
    return this.unlessDead(() => this.store.get(key, options));
  }

  async *list(prefix: string, options?: BlobCallOptions & { after?: string }): AsyncGenerator<BlobInfo> {
    await this.unlessDead(async () => {});
    yield* this.store.list(prefix, options);
  }

  delete(keys: readonly string[], options?: BlobCallOptions): Promise<void> {
    // Dying in the middle: only the first half of the keys is gone.
    const half = keys.slice(0, Math.ceil(keys.length / 2));
    return this.unlessDead(
      () => this.store.delete(keys, options),
      () => this.store.delete(half, options),
    );
  }

  async checkUsable(): Promise<void> {}

  async close(): Promise<void> {}

  private async unlessDead<T>(call: () => Promise<T>, dying: () => Promise<unknown> = call): Promise<T> {
    this.calls++;
    if (this.calls <= this.callsToLive) return call();
    if (this.calls === this.callsToLive + 1 && this.lastCall !== 'lost') {
      const reaching = dying().catch(() => {});
      if (this.lastCall === 'reaches') await reaching;
      else this.late(reaching);
    }
    throw new Crash(`dead at call ${this.calls}`);
  }
}
