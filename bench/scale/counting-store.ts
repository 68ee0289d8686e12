import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../../src/blobs/contract/blob-store';

/** Requests to a store, as OSS bills them. */
interface StoreRequests {
  /** Writes, deletes and pages of listings. */
  puts: number;
  gets: number;
}

/** Counts the requests that a store is sent; a listing counts as one page of it. */
export class CountingStore implements BlobStore {
  private requests: StoreRequests = { puts: 0, gets: 0 };

  constructor(private readonly store: BlobStore) {}

  get description(): string {
    return this.store.description;
  }

  /** Returns what was counted since the last call. */
  counted(): StoreRequests {
    const counted = this.requests;
    this.requests = { puts: 0, gets: 0 };
    return counted;
  }

  put(key: string, body: Buffer, options?: BlobCallOptions): Promise<void> {
    this.requests.puts += 1;
    return this.store.put(key, body, options);
  }

  putIfAbsent(key: string, body: Buffer, options?: BlobCallOptions): Promise<void> {
    this.requests.puts += 1;
    return this.store.putIfAbsent(key, body, options);
  }

  get(key: string, options?: BlobCallOptions & { maxBytes?: number }): Promise<Buffer> {
    this.requests.gets += 1;
    return this.store.get(key, options);
  }

  list(prefix: string, options?: BlobCallOptions & { after?: string }): AsyncIterable<BlobInfo> {
    this.requests.puts += 1;
    return this.store.list(prefix, options);
  }

  delete(keys: readonly string[], options?: BlobCallOptions): Promise<void> {
    this.requests.puts += 1;
    return this.store.delete(keys, options);
  }

  checkUsable(options?: BlobCallOptions): Promise<void> {
    return this.store.checkUsable(options);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}
