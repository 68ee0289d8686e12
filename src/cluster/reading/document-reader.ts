import { type SeqNoRange } from '../../contracts/seq-no';

/**
 * How the documents of one shard are read. Everything here rests on one fact: within one shard history an operation
 * gets one `_seq_no`, once, so the set of live documents with sequence numbers in a range that lies at or below the
 * global checkpoint can only shrink. Equal counts of such a *sealed* range, whichever copy and whichever moment they
 * come from, mean equal documents; that is why sealed ranges are read without a view, and why only the end of a shard
 * snapshot (counting, and the unsealed tail) needs one.
 */

/** One shard to read, and what has to be known to read it whole. */
export interface ShardTarget {
  readonly index: string;
  readonly shard: number;
  /** Expected bytes of one document as JSON; sizes the pages. */
  readonly bytesPerDocument: number;
  /** OpenSearch segment replication: a refresh does not reach replicas, read the primary. */
  readonly primaryOnly: boolean;
  /** `_source` is made of other fields whenever it is asked for: its bytes may change with the cluster's version. */
  readonly sourceRebuilt?: boolean;
}

/** What one copy-independent look at `_stats?level=shards` says of a shard. */
export interface ShardState {
  readonly index: string;
  readonly shard: number;
  readonly historyUuid: string;
  /** Highest sequence number of the primary; -1 for a shard that never saw an operation. */
  readonly maxSeqNo: number;
  /** The smallest global checkpoint of the shard's copies: operations up to it are on every copy. */
  readonly globalCheckpoint: number;
  /** Lucene documents (nested children count too): good for sizing, never for comparing. */
  readonly documents: number;
  /** Bytes of the primary on disk. */
  readonly storeBytes: number;
  /**
   * Names the process that serves the primary and the translog it writes; unset where the cluster does not say. As long as
   * it stays the same, nobody can have put an older copy of the shard's files in place.
   */
  readonly session?: string;
}

/** A sealed range that an earlier look counted. */
export interface KnownRange extends SeqNoRange {
  /** Live documents at that look. */
  readonly live: number;
}

/** What a view is opened for; known and read ranges together cover every sequence number from 0 on. */
export interface ViewRequest {
  readonly known: readonly KnownRange[];
  /** Ranges whose documents will be read; the last may end at {@link MAX_SEQ_NO}. */
  readonly read: readonly SeqNoRange[];
}

/** What a {@link DocumentReader.probe} asks for. */
export interface ProbeRequest {
  /** Ascending, not overlapping: live documents are counted, and their sequence numbers added up. */
  readonly ranges: readonly SeqNoRange[];
  /** The last documents of this range are returned, at most `documents`. */
  readonly last: SeqNoRange;
  readonly documents: number;
}

export interface Probe {
  /** Per range; sums are exact below 2^53. */
  readonly sums: readonly { readonly count: number; readonly sum: number }[];
  /** A search response whose hits descend by `_seq_no`. */
  readonly page: Buffer;
}

/** One moment of one shard. All answers of a view are of the same moment; `view_lost` when that cannot be kept. */
export interface ShardView {
  /** Live documents per known range. */
  readonly counts: readonly number[];
  /** Live documents per range to read. */
  readonly readCounts: readonly number[];
  /** The highest sequence number of a live document in the view, -1 for none. */
  readonly maxSeqNo: number;
  /**
   * The live sequence numbers of known range `k`, ascending. Only for ranges whose count is below what was known,
   * asked in ascending order of `k`, each once (a scroll can't go back). With the numbers that were live `before` (as many as
   * were known), a view need not list the parts of the range in which they still are.
   */
  seqNos(k: number, before?: Float64Array, signal?: AbortSignal): Promise<Float64Array>;
  /** The documents of read range `r` as search responses (see {@link DocumentReader}), each range once, in order. */
  documents(r: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Frees the view in the cluster; never throws. */
  close(): Promise<void>;
}

/**
 * Reads documents. A page is the body of one search response, ascending by `_seq_no`, with `_id`, `_routing`,
 * `_version`, `_seq_no` and `_source` of every hit; `scanHits` slices it. Pages hold at most 10,000 documents and
 * aim at {@link PAGE_TARGET_BYTES}; a response that outgrows {@link PAGE_MAX_BYTES} is given up and its range halved,
 * down to one document, which may be as large as {@link DOCUMENT_MAX_BYTES} (else `document_too_large`).
 */
export interface DocumentReader {
  /** Live documents per range, in one request. */
  count(target: ShardTarget, ranges: readonly SeqNoRange[], signal?: AbortSignal): Promise<number[]>;

  /**
   * Cuts a sealed range into neighbouring ranges of at most about `maxBytes` of documents, by a histogram; ranges
   * without documents are joined to a neighbour, so that the parts still cover the whole range.
   */
  divide(target: ShardTarget, range: SeqNoRange, maxBytes: number, signal?: AbortSignal): Promise<KnownRange[]>;

  /** The documents of a sealed range, page by page; the next pages are fetched while one is worked on. */
  readSealed(target: ShardTarget, range: SeqNoRange, signal?: AbortSignal): AsyncIterable<Buffer>;

  /**
   * A small look at what is live: sums per range, and the last documents of one range (one at least, if there is any, but
   * not more than fit a page). Of one moment, unless there are more ranges than a cluster counts at once.
   */
  probe(target: ShardTarget, request: ProbeRequest, signal?: AbortSignal): Promise<Probe>;

  /** Opens a view (point in time where there is one, else scrolls that prove to be of one moment). */
  openView(target: ShardTarget, request: ViewRequest, signal?: AbortSignal): Promise<ShardView>;
}

/**
 * Bytes of JSON one page aims at. A page becomes one frame, and that one `_bulk` request: larger ones are no faster, and
 * several of them are in memory at a time.
 */
export const PAGE_TARGET_BYTES = 3 * 1024 * 1024;
/** Bytes at which a page is given up and read as two. */
export const PAGE_MAX_BYTES = 48 * 1024 * 1024;
/** Bytes of the largest document that is read (a cluster takes 100 MB by default). */
export const DOCUMENT_MAX_BYTES = 200 * 1024 * 1024;
