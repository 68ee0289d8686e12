import { type Environment, openEnvironment, readBytes } from './environment';
import { IdIndex } from './id-index';
import { numberKey, numberOfKey } from './keys';
import { OperationView } from './operation-record';
import type { ShardState } from './shard-state';
import { WriteTransaction } from './write-transaction';

interface DocumentStoreOptions {
  readonly folder: string;
  /** Clock in ms. */
  readonly now: () => number;
  /** Pending entries of the id index that set off a write-back. */
  readonly writeBackThreshold?: number;
}

interface QueuedWrite {
  readonly weight: number;
  readonly run: (transaction: WriteTransaction) => unknown;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Operations that share one commit at most: bounds how long the process answers nobody else. */
const OPERATIONS_PER_COMMIT = 5_000;
const WRITE_BACK_SLICE = 5_000;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Stores documents of all shards, by sequence number. Writes that wait at the same time share a commit; a promise of
 * {@link DocumentStore.write} resolves when its commit is on disk, all of it or nothing.
 */
export class DocumentStore {
  readonly environment: Environment;
  readonly idIndex: IdIndex;
  readonly now: () => number;
  private readonly states = new Map<number, ShardState>();
  private readonly writeBackThreshold: number;
  private queue: QueuedWrite[] = [];
  private draining: Promise<void> | undefined;
  private writingBack: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: DocumentStoreOptions) {
    this.environment = openEnvironment(options.folder);
    this.idIndex = new IdIndex(this.environment);
    this.now = options.now;
    this.writeBackThreshold = options.writeBackThreshold ?? 50_000;
    this.recover();
  }

  state(ordinal: number): ShardState {
    const state = this.states.get(ordinal);
    if (state === undefined) throw new Error(`no shard ${ordinal} in this store`);
    return state;
  }

  hasShard(ordinal: number): boolean {
    return this.states.has(ordinal);
  }

  ordinals(): number[] {
    return [...this.states.keys()];
  }

  /**
   * Runs `run` in a transaction and resolves with what it returned once that is durable. `run` is synchronous, may run
   * again if a neighbour in the same commit failed, and leaves nothing behind if it throws: the error rejects.
   * `weight` is about how many operations it will append.
   */
  write<T>(run: (transaction: WriteTransaction) => T, weight = 1): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the document store is closed'));
    return new Promise<T>((resolve, reject) => {
      this.queue.push({ weight, run, resolve, reject });
      this.draining ??= this.drain();
    });
  }

  /** The stored operation, valid until the next read; undefined once purged. */
  operation(ordinal: number, seq: number): OperationView | undefined {
    const record = readBytes(this.environment.operations, numberKey(ordinal, seq));
    return record === undefined ? undefined : new OperationView(record);
  }

  /** Writes back the id index now; resolves when nothing that was pending before is left. One at a time. */
  writeBackIds(): Promise<void> {
    const turn = this.writingBack.catch(() => undefined).then(() => this.runWriteBack());
    this.writingBack = turn;
    return turn;
  }

  /** Waits for writes under way and closes the files. */
  async close(): Promise<void> {
    this.closed = true;
    await this.draining;
    await this.writingBack.catch(() => undefined);
    await this.environment.root.close();
  }

  private async drain(): Promise<void> {
    // Every pass begins in a later turn, so `draining` is set; it is cleared in the same turn in which the queue was
    // seen empty, or a write that comes in between would wait for ever.
    while (this.queue.length > 0) {
      await nextTurn();
      let weight = 0;
      let count = 0;
      while (count < this.queue.length) {
        weight += (this.queue[count] as QueuedWrite).weight;
        if (count > 0 && weight > OPERATIONS_PER_COMMIT) break;
        count++;
      }
      this.commitTogether(this.queue.splice(0, count));
      if (this.idIndex.pendingCount >= this.writeBackThreshold) {
        await this.writeBackIds().catch((error: unknown) => {
          // The operations are safe; the next pass tries again.
          process.stderr.write(`embedded cluster: ids were not written back: ${String(error)}\n`);
        });
      }
    }
    this.draining = undefined;
  }

  private commitTogether(writes: readonly QueuedWrite[]): void {
    try {
      const results = this.commit((transaction) => writes.map((write) => write.run(transaction)));
      writes.forEach((write, i) => write.resolve(results[i] as never));
    } catch (error) {
      if (writes.length === 1) (writes[0] as QueuedWrite).reject(error);
      // One of them is to blame; the others must not suffer for it.
      else for (const write of writes) this.commitTogether([write]);
    }
  }

  private commit<T>(run: (transaction: WriteTransaction) => T): T {
    const transaction = new WriteTransaction(this.environment, this.idIndex, this.states, this.now());
    const result = this.environment.root.transactionSync(() => {
      const value = run(transaction);
      transaction.writeStaged();
      return value;
    });
    transaction.publish();
    return result;
  }

  private async runWriteBack(): Promise<void> {
    const upTo = new Map([...this.states].map(([ordinal, state]) => [ordinal, state.lastSeq]));
    const entries = this.idIndex.beginWriteBack();
    try {
      for (let from = 0; from < entries.length; from += WRITE_BACK_SLICE) {
        const slice = entries.slice(from, from + WRITE_BACK_SLICE);
        this.commit(() => {
          for (const { ordinal, id, entry } of slice) {
            if (this.states.has(ordinal)) this.idIndex.write(ordinal, id, entry);
          }
        });
        await nextTurn();
      }
      this.commit((transaction) => {
        for (const [ordinal, seq] of upTo) {
          if (!this.states.has(ordinal) || this.state(ordinal).indexedTo === seq) continue;
          transaction.updateShard(ordinal, (state) => (state.indexedTo = seq));
        }
      });
      this.idIndex.endWriteBack();
    } catch (error) {
      this.idIndex.cancelWriteBack();
      throw error;
    }
  }

  /** Reads the shards' states, and again the operations whose ids were not written back before the process ended. */
  private recover(): void {
    for (const { key, value } of this.environment.meta.getRange({ start: 'shard/', end: 'shard0' })) {
      this.states.set(Number(key.slice('shard/'.length)), value as ShardState);
    }
    for (const state of this.states.values()) {
      if (state.indexedTo >= state.lastSeq) continue;
      const entries = new Map();
      const range = { start: numberKey(state.ordinal, state.indexedTo + 1), end: numberKey(state.ordinal + 1, 0) };
      for (const { key, value } of this.environment.operations.getRange(range)) {
        const { id, version, deleted } = new OperationView(value);
        entries.set(id, { seq: numberOfKey(key), version, deleted });
      }
      this.idIndex.stage(state.ordinal, entries);
    }
  }
}
