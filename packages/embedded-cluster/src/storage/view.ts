import {
  type Bitmap,
  BLOCK_SIZE,
  blockOf,
  countBits,
  decodeBitmap,
  emptyBitmap,
  keepRange,
  setBit,
} from './block-bitmap';
import type { DocumentStore } from './document-store';
import { readBytes } from './environment';
import { numberKey, numberOfKey } from './keys';
import { NO_PREDECESSOR } from './write-transaction';

/**
 * Shows one shard as it was when its last sequence number was `seq`. A view is nothing but that number: it holds no
 * resources, costs nothing to keep, and survives a restart. It stays exact until superseded documents that it shows are
 * purged; {@link ShardView.isComplete} tells.
 */
export class ShardView {
  constructor(
    private readonly store: DocumentStore,
    readonly ordinal: number,
    readonly seq: number,
  ) {}

  /** Whether every document of the view is still stored. */
  isComplete(): boolean {
    return this.store.hasShard(this.ordinal) && this.seq >= this.store.state(this.ordinal).purgedTo;
  }

  /** Bitmap of the documents of one block that are in the view. The caller may change it. */
  block(block: number): Bitmap {
    const stored = readBytes(this.store.environment.blocks, numberKey(this.ordinal, block));
    const bitmap = stored === undefined ? emptyBitmap() : decodeBitmap(stored);
    if (this.seq >= this.store.state(this.ordinal).lastSeq) return bitmap;
    const first = block * BLOCK_SIZE;
    const end = Math.min(first + BLOCK_SIZE, this.seq + 1);
    keepRange(bitmap, 0, end - first);
    if (end <= first) return bitmap;
    const range = { start: numberKey(this.ordinal, first), end: numberKey(this.ordinal, end) };
    for (const { key, value } of this.store.environment.gone.getRange(range)) {
      if (value.readUIntBE(0, 6) > this.seq) setBit(bitmap, numberOfKey(key) - first);
    }
    return bitmap;
  }

  /** How many documents of the view have a sequence number in `[from, to)`. */
  count(from = 0, to = this.seq + 1): number {
    const end = Math.min(to, this.seq + 1);
    let count = 0;
    for (let block = blockOf(Math.max(0, from)); block * BLOCK_SIZE < end; block++) {
      const first = block * BLOCK_SIZE;
      count += countBits(this.block(block), Math.max(0, from - first), Math.min(BLOCK_SIZE, end - first));
    }
    return count;
  }

  /** Sequence number under which `id` stands in the view; undefined if it does not. */
  find(id: string): number | undefined {
    let seq = this.store.idIndex.get(this.ordinal, id)?.seq;
    while (seq !== undefined && seq > this.seq) {
      const before = readBytes(this.store.environment.superseded, numberKey(this.ordinal, seq));
      seq = before?.readUIntBE(0, 6);
      if (seq === NO_PREDECESSOR) return undefined;
    }
    if (seq === undefined) return undefined;
    const operation = this.store.operation(this.ordinal, seq);
    return operation === undefined || operation.deleted ? undefined : seq;
  }
}
