import { type SeqNoRange } from '../contracts/seq-no';

/** Documents as the cluster returned them. */
export interface Page {
  /** The body of one search response, or of one multi-search response. `scanHits` slices it. */
  readonly body: Buffer;
  /** Set if the documents come in document order; unset if they ascend by `_seq_no` and all are wanted. */
  readonly ordered?: OrderedHits;
}

/**
 * Describes the hits of a page in document order: ascending by document number, which is the position of a document in
 * one view of the shard's Lucene index. `[from, to)` are the document numbers that are wanted; other hits are dropped.
 * Reading goes on at `to`.
 */
export interface OrderedHits {
  readonly from: number;
  readonly to: number;
  /** Documents with other sequence numbers are dropped. */
  readonly numbers: SeqNoRange;
  /**
   * Hits of each response of the body, as the view must have them; 0 where that is not known. If all are known, the
   * ends of documents can be searched instead of walked to (see `HitPattern`).
   */
  readonly asked: readonly number[];
  /** Whether the body is a multi-search response. */
  readonly multi: boolean;
}
