/** Half-open range of sequence numbers `[from, to)` of one shard. */
export interface SeqNoRange {
  readonly from: number;
  readonly to: number;
}

/** End of an unbounded range. Sequence numbers are longs, but those that a cluster assigns stay far below this. */
export const MAX_SEQ_NO = Number.MAX_SAFE_INTEGER;
