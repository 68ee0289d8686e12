import { SnapkeepError } from '../../contracts/errors';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../contract/blob-store';

/** Refuses every write and delete with `store_rejected`, as `"readonly": true` promises for every caller. */
export class ReadonlyBlobStore implements BlobStore {
  constructor(private readonly store: BlobStore) {}

  get description(): string {
    return this.store.description;
  }

  put(): Promise<void> {
    return this.refuse();
  }

  putIfAbsent(): Promise<void> {
    return this.refuse();
  }

  get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    return this.store.get(key, options);
  }

  list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncIterable<BlobInfo> {
    return this.store.list(prefix, options);
  }

  delete(): Promise<void> {
    return this.refuse();
  }

  checkUsable(options: BlobCallOptions = {}): Promise<void> {
    return this.store.checkUsable(options);
  }

  close(): Promise<void> {
    return this.store.close();
  }

  private async refuse(): Promise<never> {
    throw new SnapkeepError('store_rejected', `the repository in [${this.description}] is registered as readonly`);
  }
}
