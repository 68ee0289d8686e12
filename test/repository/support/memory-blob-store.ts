import { assertBlobKeys, assertBlobPrefix } from '../../../src/blobs/contract/blob-key';
import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../../../src/blobs/contract/blob-store';
import { SnapkeepError } from '../../../src/contracts/errors';

/**
 * The storage contract in memory, for tests that make tens of thousands of calls (the contract suite holds it to the
 * contract, see memory-blob-store.test.ts). Every call yields, so that callers interleave.
 */
export class MemoryBlobStore implements BlobStore {
  readonly description = 'memory://';
  /** Keys in the order they were put. */
  readonly written: string[] = [];
  private readonly objects = new Map<string, Buffer>();

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await begin(options, key);
    this.objects.set(key, Buffer.from(body));
    this.written.push(key);
  }

  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await begin(options, key);
    if (this.objects.has(key)) throw new SnapkeepError('blob_exists', `object [${key}] exists already`);
    this.objects.set(key, Buffer.from(body));
    this.written.push(key);
  }

  async get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    await begin(options, key);
    const body = this.found(key);
    if (options.maxBytes !== undefined && body.length > options.maxBytes) {
      throw new SnapkeepError('store_rejected', `object [${key}] has ${body.length} bytes, more than may be read`);
    }
    return Buffer.from(body);
  }

  async *list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncGenerator<BlobInfo> {
    assertBlobPrefix(prefix);
    await begin(options);
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix) && key > (options.after ?? ''));
    for (const key of keys.sort()) {
      const body = this.objects.get(key);
      if (body !== undefined) yield { key, length: body.length };
    }
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    await begin(options, ...keys);
    for (const key of keys) this.objects.delete(key);
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    await begin(options);
  }

  async close(): Promise<void> {}

  /** Another store that holds the same. */
  copy(): MemoryBlobStore {
    const copy = new MemoryBlobStore();
    for (const [key, body] of this.objects) copy.objects.set(key, body);
    return copy;
  }

  /** All keys, sorted: for assertions. */
  keys(): string[] {
    return [...this.objects.keys()].sort();
  }

  private found(key: string): Buffer {
    const body = this.objects.get(key);
    if (body === undefined) throw new SnapkeepError('blob_missing', `object [${key}] is missing`);
    return body;
  }
}

async function begin(options: BlobCallOptions, ...keys: string[]): Promise<void> {
  assertBlobKeys(...keys);
  await Promise.resolve();
  options.signal?.throwIfAborted();
}
