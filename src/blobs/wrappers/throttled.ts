import { TokenBucket } from 'limiter';
import { untilAborted } from '../../concurrency/on-abort';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';

/** Limits in bytes a second; undefined: no limit. */
interface ThrottleLimits {
  readonly putBytesPerSec?: number;
  readonly getBytesPerSec?: number;
}

/**
 * Limits how many bytes a second all calls together write and read. Calls are served in order. A put waits before it is
 * sent, and a get before it returns the bytes it has read. Listings, deletes and putIfAbsent are not limited:
 * putIfAbsent writes roots and markers, and a DELETE must not wait for the segments of a snapshot.
 */
export class ThrottledBlobStore implements BlobStore {
  private readonly puts: ByteLimiter;
  private readonly gets: ByteLimiter;

  constructor(
    private readonly store: BlobStore,
    limits: ThrottleLimits,
  ) {
    this.puts = new ByteLimiter(limits.putBytesPerSec);
    this.gets = new ByteLimiter(limits.getBytesPerSec);
  }

  get description(): string {
    return this.store.description;
  }

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.puts.take(body.length, options.signal);
    await this.store.put(key, body, options);
  }

  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.store.putIfAbsent(key, body, options);
  }

  async get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    const body = await this.store.get(key, options);
    await this.gets.take(body.length, options.signal);
    return body;
  }

  list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncIterable<BlobInfo> {
    return this.store.list(prefix, options);
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    await this.store.delete(keys, options);
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    await this.store.checkUsable(options);
  }

  async close(): Promise<void> {
    await this.store.close();
  }
}

/** Slices last a tenth of a second: short enough to share the rate fairly, and to end soon when a call is aborted. */
const SLICES_PER_SECOND = 10;

class ByteLimiter {
  private readonly bucket: TokenBucket | undefined;
  private readonly sliceBytes: number;

  constructor(bytesPerSec: number | undefined) {
    this.sliceBytes = Math.max(1, Math.floor((bytesPerSec ?? 0) / SLICES_PER_SECOND));
    if (bytesPerSec !== undefined) {
      this.bucket = new TokenBucket({
        bucketSize: this.sliceBytes,
        tokensPerInterval: bytesPerSec,
        interval: 'second',
      });
    }
  }

  /** Waits until `bytes` may pass. Throws the reason of `signal` as soon as it is aborted. */
  async take(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.bucket === undefined) return;
    for (let left = bytes; left > 0; left -= this.sliceBytes) {
      signal?.throwIfAborted();
      await untilAborted(this.bucket.removeTokens(Math.min(left, this.sliceBytes)), signal);
    }
  }
}
