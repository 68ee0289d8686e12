/** Half-open range of sequence numbers `[from, to)` of one shard. */
export interface SeqNoRange {
  readonly from: number;
  readonly to: number;
}

/** End of a range that has no end. Sequence numbers are longs; what a cluster really hands out stays far below this. */
export const MAX_SEQ_NO = Number.MAX_SAFE_INTEGER;
