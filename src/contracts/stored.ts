/** References to stored objects, as both the format (FORMAT.md) and the messages of jobs hold them. */

/** A reference to a stored object; length and hash are checked at every read. */
export interface ObjectRef {
  readonly key: string;
  /** Stored bytes. */
  readonly length: number;
  /** Lower-case hex of the stored bytes. */
  readonly sha256: string;
}

/** Sums that `_status` shows without further reads. Bytes are stored (compressed) bytes; objects are data objects. */
export interface Totals {
  /** All objects that the snapshot needs. */
  readonly objects: number;
  readonly bytes: number;
  /** The objects that this snapshot added. */
  readonly addedObjects: number;
  readonly addedBytes: number;
  /** Live documents. */
  readonly documents: number;
}

/** A time span, ms since the epoch by the clock of the worker that took it. */
export interface TimeSpan {
  readonly fromMillis: number;
  readonly toMillis: number;
}

export interface ShardEntry {
  readonly manifest: ObjectRef;
  /**
   * Key of the shard manifest whose objects this one shares. Unset if it shares none, or if an earlier snapshot wrote
   * `manifest` itself. At commit it must be the manifest of the newest snapshot of the shard (FORMAT.md, "The base
   * rule").
   */
  readonly base?: string;
  /**
   * The three facts of the shard manifest by which an unchanged shard is recognized (see `isUnchanged`). They are
   * repeated here, so that a snapshot of any number of unchanged shards reads one object.
   */
  readonly historyUuid: string;
  readonly maxSeqNo: number;
  readonly sealedThrough: number;
  /** The process that served the shard and the translog that it wrote; unset if unknown (see `ShardState`). */
  readonly session?: string;
  /**
   * The documents are those that the shard showed at one moment within this span. Unset in snapshots of earlier
   * versions.
   */
  readonly shown?: TimeSpan;
  /** True if several documents of the shard can have one sequence number (FORMAT.md, "Numbers of a segment"). */
  readonly sharesNumbers?: boolean;
  readonly totals: Totals;
  readonly startMillis: number;
  /** Duration in ms. */
  readonly millis: number;
}
