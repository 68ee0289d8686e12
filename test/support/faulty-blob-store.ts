import { type BlobCallOptions, type BlobInfo, type BlobStore } from '../../src/blobs/contract/blob-store';
import { type ErrorCode, SnapkeepError } from '../../src/contracts/errors';

export type FaultyMethod = 'put' | 'putIfAbsent' | 'get' | 'list' | 'delete' | 'checkUsable';

/** What happens to one call. */
export interface PlannedFault {
  /** Only a call for a key (or prefix) that this accepts; other calls pass and leave the fault planned. */
  readonly when?: (key: string) => boolean;
  /** Calls of that method, counted from the moment the fault comes first in its queue, that pass before it strikes. */
  readonly after?: number;
  /** Runs first, so that a test can act, or wait, in the middle of a call. */
  readonly run?: (key: string) => void | Promise<void>;
  /** Thrown in place of the call: an error, or a code of the catalogue. */
  readonly fail?: Error | ErrorCode;
  /** The call is done, then `fail` is thrown: the answer was lost. */
  readonly failAfterwards?: boolean;
  /** What get returns is changed by this. */
  readonly damage?: (body: Buffer) => Buffer;
  /** `list` fails once it has yielded that many. */
  readonly failListAt?: number;
}

/**
 * A store around another one in which planned faults happen: a queue per method, struck in order. End each test with
 * {@link assertAllHappened}: a fault that never struck means that the test did not test what it says.
 */
export class FaultyBlobStore implements BlobStore {
  /** Every call as `method key`, in order. */
  readonly calls: string[] = [];
  private readonly planned = new Map<FaultyMethod, PlannedFault[]>();
  private readonly passed = new Map<FaultyMethod, number>();

  constructor(private readonly store: BlobStore) {}

  get description(): string {
    return this.store.description;
  }

  /** Plans faults for the next calls of `method`, each for one call. */
  plan(method: FaultyMethod, ...faults: readonly PlannedFault[]): this {
    const queue = this.planned.get(method) ?? [];
    queue.push(...faults);
    this.planned.set(method, queue);
    return this;
  }

  /** How many calls of `method` there were. */
  count(method: FaultyMethod): number {
    return this.calls.filter((call) => call.startsWith(`${method} `)).length;
  }

  /** Throws if a planned fault has not struck. */
  assertAllHappened(): void {
    const left = [...this.planned].filter(([, faults]) => faults.length > 0);
    if (left.length > 0) {
      const text = left.map(([method, faults]) => `${faults.length} of ${method}`).join(', ');
      throw new Error(`planned faults that never happened: ${text}; calls were:\n${this.calls.join('\n')}`);
    }
  }

  async put(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.strike('put', key, () => this.store.put(key, body, options));
  }

  async putIfAbsent(key: string, body: Buffer, options: BlobCallOptions = {}): Promise<void> {
    await this.strike('putIfAbsent', key, () => this.store.putIfAbsent(key, body, options));
  }

  async get(key: string, options: BlobCallOptions & { maxBytes?: number } = {}): Promise<Buffer> {
    return this.strike('get', key, () => this.store.get(key, options));
  }

  async *list(prefix: string, options: BlobCallOptions & { after?: string } = {}): AsyncGenerator<BlobInfo> {
    this.calls.push(`list ${prefix}`);
    const fault = this.next('list', prefix);
    await fault?.run?.(prefix);
    if (fault?.fail !== undefined && fault.failListAt === undefined) throw errorOf(fault);
    let yielded = 0;
    for await (const blob of this.store.list(prefix, options)) {
      if (yielded++ === fault?.failListAt) throw errorOf(fault);
      yield blob;
    }
    if (fault?.failListAt !== undefined && yielded <= fault.failListAt) throw errorOf(fault);
  }

  async delete(keys: readonly string[], options: BlobCallOptions = {}): Promise<void> {
    await this.strike('delete', keys.join(','), () => this.store.delete(keys, options));
  }

  async checkUsable(options: BlobCallOptions = {}): Promise<void> {
    await this.strike('checkUsable', '', () => this.store.checkUsable(options));
  }

  async close(): Promise<void> {
    await this.store.close();
  }

  private async strike<T>(method: FaultyMethod, key: string, call: () => Promise<T>): Promise<T> {
    this.calls.push(`${method} ${key}`);
    const fault = this.next(method, key);
    if (fault === undefined) return call();
    await fault.run?.(key);
    if (fault.fail !== undefined && !fault.failAfterwards) throw errorOf(fault);
    const result = await call();
    if (fault.fail !== undefined) throw errorOf(fault);
    return Buffer.isBuffer(result) && fault.damage ? (fault.damage(Buffer.from(result)) as T) : result;
  }

  private next(method: FaultyMethod, key: string): PlannedFault | undefined {
    const queue = this.planned.get(method);
    const fault = queue?.[0];
    if (queue === undefined || fault === undefined || fault.when?.(key) === false) return undefined;
    const passed = this.passed.get(method) ?? 0;
    if (passed < (fault.after ?? 0)) {
      this.passed.set(method, passed + 1);
      return undefined;
    }
    this.passed.set(method, 0);
    return queue.shift();
  }
}

function errorOf(fault: PlannedFault | undefined): Error {
  const fail = fault?.fail ?? 'store_unavailable';
  return typeof fail === 'string' ? new SnapkeepError(fail, 'planned by a test') : fail;
}
