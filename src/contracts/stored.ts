/** References to what is stored, which both the format (FORMAT.md) and the messages of jobs hold. */

/** A reference to a stored object, checked whenever it is read. */
export interface ObjectRef {
  readonly key: string;
  /** Stored bytes. */
  readonly length: number;
  /** Lower-case hex of the stored bytes. */
  readonly sha256: string;
}

/** Sums that `_status` shows without reading more. Bytes are stored (compressed) bytes; objects are data objects. */
export interface Totals {
  /** All objects the snapshot needs. */
  readonly objects: number;
  readonly bytes: number;
  /** The objects this snapshot added. */
  readonly addedObjects: number;
  readonly addedBytes: number;
  /** Live documents. */
  readonly documents: number;
}

export interface ShardEntry {
  readonly manifest: ObjectRef;
  /**
   * Key of the shard manifest whose objects this one shares; unset where it shares none, and where `manifest` itself
   * was written by an earlier snapshot. At commit it must be what the newest snapshot of the shard has (FORMAT.md,
   * "The base rule").
   */
  readonly base?: string;
  /**
   * The three facts of the shard manifest that tell an unchanged shard, repeated here so that a snapshot of any number
   * of unchanged shards reads one object: see `isUnchanged`.
   */
  readonly historyUuid: string;
  readonly maxSeqNo: number;
  readonly sealedThrough: number;
  /** The process that served the shard and the translog it wrote; unset where that was not known (see `ShardState`). */
  readonly session?: string;
  readonly totals: Totals;
  readonly startMillis: number;
  /** Duration in ms. */
  readonly millis: number;
}
