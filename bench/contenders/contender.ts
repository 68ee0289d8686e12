export interface Taken {
  /** From request to answer, ms. */
  readonly ms: number;
  /** Bytes that the snapshot added to the store. */
  readonly bytes: number;
}

/** One way to keep a copy of an index, and to bring it back. */
export interface Contender {
  readonly name: string;
  /** Makes a new, empty place for copies; not timed. */
  prepare(round: number): Promise<void>;
  /** Copies the index as it is now into the place of this round. */
  take(index: string, label: string): Promise<Taken>;
  /** Brings the copy `label` of `index` back as `target`, which does not exist; ms. */
  restore(index: string, label: string, target: string): Promise<number>;
}
