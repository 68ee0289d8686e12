/** Moment and sequence number of the last operation then: what tells how old an operation is. */
interface TimeMark {
  readonly timeMs: number;
  readonly seq: number;
}

/** What the store keeps about one shard, replaced as a whole with every transaction that touches the shard. */
export interface ShardState {
  /** Number of the shard in this store; never used again after the shard is gone. */
  readonly ordinal: number;
  /** Highest sequence number given out, -1 for none. Also the newest view of the shard. */
  readonly lastSeq: number;
  readonly liveDocs: number;
  /** Superseded documents that are still stored because a view may need them. */
  readonly retainedDocs: number;
  /** Bytes of all stored operations. */
  readonly storedBytes: number;
  /** Operations up to here are in the `ids` database; later ones are read again when the store opens. */
  readonly indexedTo: number;
  /** Views older than this sequence number are incomplete: what operations up to here superseded is gone. */
  readonly purgedTo: number;
  readonly marks: readonly TimeMark[];
}

/** Returns the state of a shard without operations. */
export const newShardState = (ordinal: number): ShardState => ({
  ordinal,
  lastSeq: -1,
  liveDocs: 0,
  retainedDocs: 0,
  storedBytes: 0,
  indexedTo: -1,
  purgedTo: -1,
  marks: [],
});

/** Least time between two marks: how exactly the age of an operation is known, in ms. */
const MARK_INTERVAL_MS = 5_000;

/** Adds a mark for `seq` at `nowMs`, at most one an interval. */
export function addMark(marks: readonly TimeMark[], seq: number, nowMs: number): readonly TimeMark[] {
  const last = marks.at(-1);
  if (last !== undefined && nowMs < last.timeMs + MARK_INTERVAL_MS) return marks;
  return [...marks, { timeMs: nowMs, seq }];
}

/** Returns the highest sequence number that is certainly from `timeMs` or before; -1 for none. */
export function seqAt(marks: readonly TimeMark[], timeMs: number): number {
  let seq = -1;
  for (const mark of marks) if (mark.timeMs <= timeMs) seq = mark.seq;
  return seq;
}
