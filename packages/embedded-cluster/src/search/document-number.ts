/**
 * Numbers documents as Lucene does: one number per stored operation, stable within a view, and in another order than
 * the sequence numbers, because writers fill several segments concurrently.
 */
import { BLOCK_SIZE, blockOf } from '../storage/block-bitmap';

/** Swaps the halves of each block, and neighbouring stretches of 16. */
const SWAPPED_BITS = BLOCK_SIZE / 2 + 16;

/**
 * Returns the place of an operation among those of a view that ends at `lastSeq`, both counted from 0. The last block
 * is in order while it is not full, so that no number is left out.
 */
export function documentNumber(seq: number, lastSeq: number): number {
  const start = blockOf(seq) * BLOCK_SIZE;
  return start + BLOCK_SIZE > lastSeq + 1 ? seq : start + ((seq - start) ^ SWAPPED_BITS);
}

/** Returns the value of `_doc` and `_shard_doc`: unique within a search, rising with the shard. */
export const shardDoc = (target: number, number: number): number => target * 2 ** 32 + number;
