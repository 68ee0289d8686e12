import {
  type Bitmap,
  BLOCK_SIZE,
  blockOf,
  clearBit,
  decodeBitmap,
  emptyBitmap,
  encodeBitmap,
  setBit,
} from './block-bitmap';
import { type Environment, readBytes } from './environment';
import type { IdEntry, IdIndex } from './id-index';
import { encodeNumber, MAX_KEY_SEQ, numberKey } from './keys';
import { encodeOperation, type Operation } from './operation-record';
import { addMark, newShardState, type ShardState } from './shard-state';

/** Stands in `superseded` for "nothing": a delete of a document that was not there. */
export const NO_PREDECESSOR = MAX_KEY_SEQ;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A shard as this transaction leaves it, before anybody else sees it. */
interface StagedShard {
  readonly state: Mutable<ShardState>;
  readonly ids: Map<string, IdEntry>;
  readonly blocks: Map<number, Bitmap>;
  appended: boolean;
}

/**
 * Runs one transaction of the store. Everything it changes in memory is staged and becomes visible only after the
 * commit, so an aborted transaction leaves no trace in either place.
 */
export class WriteTransaction {
  private readonly staged = new Map<number, StagedShard>();
  private readonly removed = new Set<number>();
  private readonly afterCommit: (() => void)[] = [];
  /** What other parts (the index catalogue) stage with this transaction, each under its own object. */
  readonly attachments = new Map<object, unknown>();

  constructor(
    private readonly environment: Environment,
    private readonly idIndex: IdIndex,
    private readonly states: Map<number, ShardState>,
    readonly nowMs: number,
  ) {}

  /** The last operation on `id`, those of this transaction included. */
  current(ordinal: number, id: string): IdEntry | undefined {
    return this.staged.get(ordinal)?.ids.get(id) ?? this.idIndex.get(ordinal, id);
  }

  /**
   * Gives `operation` the shard's next sequence number and stores it; returns that number. `before` is what
   * {@link current} says of its id.
   */
  append(ordinal: number, operation: Operation, before: IdEntry | undefined): number {
    const shard = this.shard(ordinal);
    const { state } = shard;
    const seq = state.lastSeq + 1;
    const key = numberKey(ordinal, seq);
    const record = encodeOperation(operation);
    this.environment.operations.putSync(key, record);
    state.lastSeq = seq;
    state.storedBytes += record.length;
    shard.appended = true;
    if (before !== undefined) {
      this.environment.superseded.putSync(key, encodeNumber(before.seq));
      if (!before.deleted) {
        this.environment.gone.putSync(numberKey(ordinal, before.seq), encodeNumber(seq));
        clearBit(this.block(shard, before.seq), before.seq % BLOCK_SIZE);
        state.liveDocs--;
        state.retainedDocs++;
      }
    } else if (operation.deleted) {
      this.environment.superseded.putSync(key, encodeNumber(NO_PREDECESSOR));
    }
    if (!operation.deleted) {
      setBit(this.block(shard, seq), seq % BLOCK_SIZE);
      state.liveDocs++;
    }
    shard.ids.set(operation.id, { seq, version: operation.version, deleted: operation.deleted });
    return seq;
  }

  addShard(ordinal: number): void {
    this.staged.set(ordinal, {
      state: newShardState(ordinal),
      ids: new Map(),
      blocks: new Map(),
      appended: false,
    });
  }

  /** The shard is gone with the commit; its data is left to the background (see remove-shards). */
  removeShard(ordinal: number): void {
    this.staged.delete(ordinal);
    this.removed.add(ordinal);
    this.environment.meta.removeSync(`shard/${ordinal}`);
    this.environment.meta.putSync(`trash/${ordinal}`, true);
  }

  /** Changes facts of a shard that are not counted by {@link append}. */
  updateShard(ordinal: number, change: (state: Mutable<ShardState>) => void): void {
    change(this.shard(ordinal).state);
  }

  putMeta(key: string, value: unknown): void {
    this.environment.meta.putSync(key, value);
  }

  removeMeta(key: string): void {
    this.environment.meta.removeSync(key);
  }

  /** Runs once the transaction is committed, before anybody learns of it. */
  onCommit(publish: () => void): void {
    this.afterCommit.push(publish);
  }

  /** Last step within the LMDB transaction. */
  writeStaged(): void {
    for (const [ordinal, shard] of this.staged) {
      for (const [block, bitmap] of shard.blocks) {
        this.environment.blocks.putSync(numberKey(ordinal, block), encodeBitmap(bitmap));
      }
      const { state } = shard;
      if (shard.appended) state.marks = addMark(state.marks, state.lastSeq, this.nowMs);
      this.environment.meta.putSync(`shard/${ordinal}`, state);
    }
  }

  /** First step after the LMDB transaction. */
  publish(): void {
    for (const ordinal of this.removed) {
      this.states.delete(ordinal);
      this.idIndex.dropShard(ordinal);
    }
    for (const [ordinal, shard] of this.staged) {
      this.states.set(ordinal, shard.state);
      if (shard.ids.size > 0) this.idIndex.stage(ordinal, shard.ids);
    }
    for (const publish of this.afterCommit) publish();
  }

  private shard(ordinal: number): StagedShard {
    let shard = this.staged.get(ordinal);
    if (shard === undefined) {
      const state = this.states.get(ordinal);
      if (state === undefined || this.removed.has(ordinal)) throw new Error(`no shard ${ordinal} in this store`);
      shard = { state: { ...state }, ids: new Map(), blocks: new Map(), appended: false };
      this.staged.set(ordinal, shard);
    }
    return shard;
  }

  private block(shard: StagedShard, seq: number): Bitmap {
    const number = blockOf(seq);
    let bitmap = shard.blocks.get(number);
    if (bitmap === undefined) {
      const stored = readBytes(this.environment.blocks, numberKey(shard.state.ordinal, number));
      bitmap = stored === undefined ? emptyBitmap() : decodeBitmap(stored);
      shard.blocks.set(number, bitmap);
    }
    return bitmap;
  }
}
