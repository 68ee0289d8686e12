/** A data stream as snapshots hold it (FORMAT.md, "Snapshot manifest"). */
export interface DataStream {
  readonly name: string;
  readonly timestampField: string;
  /** Number of the write index, counted from 1. */
  readonly generation: number;
  /** Names of its backing indices, the write index last. */
  readonly indices: readonly string[];
  /** Index template that it was made from. */
  readonly template?: string;
  readonly hidden?: boolean;
  readonly system?: boolean;
  readonly allowCustomRouting?: boolean;
  /** `_meta` as raw JSON text. */
  readonly meta?: string;
}
