export interface Taken {
  /** Time from request to answer, ms. */
  readonly ms: number;
  /** Bytes that the snapshot added to the store. */
  readonly bytes: number;
  /** Those of them that hold documents, if the contender states them. */
  readonly dataBytes?: number;
}

/** One way to copy an index and to restore it. */
export interface Contender {
  readonly name: string;
  /** Creates a new, empty place for copies; not timed. */
  prepare(round: number): Promise<void>;
  /** Copies the present state of the index into the place of this round. */
  take(index: string, label: string): Promise<Taken>;
  /** Restores the copy `label` of `index` as `target`, which must not exist. Returns the time, ms. */
  restore(index: string, label: string, target: string): Promise<number>;
}
