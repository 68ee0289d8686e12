import { type SeqNoRange } from '../../contracts/seq-no';
import { type Page } from '../../documents/page';

/**
 * The interface for reading the documents of one shard.
 *
 * It rests on one fact: within one shard history, an operation gets one `_seq_no`, once. The live documents with
 * sequence numbers in a range at or below the global checkpoint can therefore only become fewer. Such a range is
 * *sealed*. Equal counts of a sealed range mean equal documents, for every copy and every moment.
 *
 * Sealed ranges are therefore read without a view. Only the end of a shard snapshot needs one: counting, and the
 * unsealed tail.
 */

/** One shard to read, with the facts that are needed to read it completely. */
export interface ShardTarget {
  readonly index: string;
  readonly shard: number;
  /** Expected bytes of one document as JSON, by which pages are sized. */
  readonly bytesPerDocument: number;
  /** Read the primary only, because a refresh does not reach replicas (OpenSearch segment replication). */
  readonly primaryOnly: boolean;
  /**
   * `_source` is rebuilt from other fields for each answer, so that its bytes can change with the cluster's version.
   */
  readonly sourceRebuilt?: boolean;
  /**
   * Several documents can have one sequence number: the shard was made of several shards, whose documents kept their
   * numbers (the index was shrunk).
   */
  readonly sharesNumbers?: boolean;
}

/** The state of a shard in one answer of `_stats?level=shards`, independent of the copy. */
export interface ShardState {
  readonly index: string;
  readonly shard: number;
  readonly historyUuid: string;
  /** Highest sequence number of the primary; -1 for a shard without any operation. */
  readonly maxSeqNo: number;
  /** The smallest global checkpoint of the shard's copies. Operations up to it are on every copy. */
  readonly globalCheckpoint: number;
  /** Lucene documents, nested children included: usable for sizing, never for comparing. */
  readonly documents: number;
  /** Bytes of the primary on disk. */
  readonly storeBytes: number;
  /**
   * Identifies the process that serves the primary, and its translog; unset if the cluster does not report them. While
   * the session stays the same, nobody can have restored an older copy of the shard's files.
   */
  readonly session?: string;
}

/** A sealed range that was counted before. */
export interface KnownRange extends SeqNoRange {
  /** Live documents at the time of counting. */
  readonly live: number;
}

/** The ranges of a view. Known and read ranges together cover all sequence numbers from 0. */
export interface ViewRequest {
  readonly known: readonly KnownRange[];
  /** Ranges whose documents will be read; the last can end at `MAX_SEQ_NO`. */
  readonly read: readonly SeqNoRange[];
}

/** The question of a {@link DocumentReader.probe}. */
export interface ProbeRequest {
  /** Ranges to count and to sum up, ascending and without overlaps. */
  readonly ranges: readonly SeqNoRange[];
  /** The range whose last documents are returned, at most `documents`. */
  readonly last: SeqNoRange;
  readonly documents: number;
}

/** The answer to a {@link ProbeRequest}. */
export interface Probe {
  /** Live documents per range and the sum of their sequence numbers; sums are exact below 2^53. */
  readonly sums: readonly { readonly count: number; readonly sum: number }[];
  /** A search response with hits in descending order of `_seq_no`. */
  readonly page: Buffer;
}

/**
 * One shard at one moment. All answers of a view show the same moment; methods throw `view_lost` when the cluster has
 * lost it.
 */
export interface ShardView {
  /** Live documents per known range. */
  readonly counts: readonly number[];
  /** Live documents per range to read. */
  readonly readCounts: readonly number[];
  /** The highest sequence number of a live document in the view; -1 if there is none. */
  readonly maxSeqNo: number;
  /**
   * Returns the live sequence numbers of known range `k`, ascending. Call it only for ranges with fewer documents than
   * known, once per range, and in ascending order of `k`, because a scroll can't go back.
   *
   * @param before the numbers that were live when the range was known. They save a view from listing the parts of the
   *   range in which nothing changed.
   */
  seqNos(k: number, before?: Float64Array, signal?: AbortSignal): Promise<Float64Array>;
  /** Returns the documents of read range `r` as pages of {@link DocumentReader}. Read each range once, in order. */
  documents(r: number, signal?: AbortSignal): AsyncIterable<Page>;
  /** Frees the view in the cluster. Never throws. */
  close(): Promise<void>;
}

/**
 * An open view of one shard that belongs to no process: whoever knows it can search in it. The cluster closes it when
 * it is idle for too long.
 */
export interface LastingView {
  /** Name of the view in the cluster. */
  readonly id: string;
  /** The time within which the view was opened, ms since the epoch: what it shows is one moment of it. */
  readonly fromMillis: number;
  readonly toMillis: number;
}

/** A part of a shard to read in document order. */
export interface OrderedRequest {
  /** Document numbers `[from, to)` of the view. */
  readonly from: number;
  readonly to: number;
  /** Sequence numbers that are wanted: sealed ones. */
  readonly numbers: SeqNoRange;
  /** Returns whether a sequence number is stored already. */
  readonly skip?: (seqNo: number) => boolean;
}

/** The way to read a shard in document order; see {@link DocumentReader.openOrdered}. */
export interface OrderedView {
  readonly view: LastingView;
  /** One past the highest document number of the view. */
  readonly end: number;
}

/**
 * Reads documents. A page is the body of one search response, ascending by `_seq_no`, with `_id`, `_routing`,
 * `_version`, `_seq_no` and `_source` of every hit; `scanHits` slices it.
 *
 * Pages hold at most 10,000 documents and aim at {@link PAGE_TARGET_BYTES}. If a response is larger than
 * {@link PAGE_MAX_BYTES}, it is discarded and its range is halved, down to one document. Throws `document_too_large`
 * when that document is larger than {@link DOCUMENT_MAX_BYTES}.
 */
export interface DocumentReader {
  /** Counts the live documents of each range. */
  count(target: ShardTarget, ranges: readonly SeqNoRange[], signal?: AbortSignal): Promise<number[]>;

  /**
   * Cuts a sealed range, by a histogram, into adjacent ranges with at most about `maxBytes` of documents. The parts
   * cover the whole range: parts without documents are joined to an adjacent one.
   */
  divide(target: ShardTarget, range: SeqNoRange, maxBytes: number, signal?: AbortSignal): Promise<KnownRange[]>;

  /** Reads the documents of a sealed range page by page, and fetches pages ahead. */
  readSealed(target: ShardTarget, range: SeqNoRange, signal?: AbortSignal): AsyncIterable<Page>;

  /**
   * Reads sums per range and the last documents of one range: at least one if there is any, at most one page. The
   * answer shows one moment, unless there are more ranges than a cluster counts in one request.
   */
  probe(target: ShardTarget, request: ProbeRequest, signal?: AbortSignal): Promise<Probe>;

  /**
   * Opens a view: a point in time if the cluster has them, else scrolls that are proven to show one moment.
   *
   * @param lasting a view from {@link openLasting} to use instead; it is closed with the view. Throws `view_lost` when
   *   the cluster has lost it.
   */
  openView(target: ShardTarget, request: ViewRequest, signal?: AbortSignal, lasting?: LastingView): Promise<ShardView>;

  /** Opens a view that any process can use. Returns undefined if the cluster has no points in time. */
  openLasting(target: ShardTarget, signal?: AbortSignal): Promise<LastingView | undefined>;

  /** Frees a lasting view in the cluster. Never throws. */
  closeLasting(view: Pick<LastingView, 'id'>): Promise<void>;

  /**
   * Opens a view to read the documents with sequence numbers in `numbers` in document order, the order in which the
   * cluster reads cheapest. Returns undefined where a probe finds that not cheaper than {@link readSealed}, and where
   * the cluster has no points in time. The caller closes the view.
   *
   * @param options.always whether to do without the probe.
   */
  openOrdered(
    target: ShardTarget,
    numbers: SeqNoRange,
    signal?: AbortSignal,
    options?: { always?: boolean },
  ): Promise<OrderedView | undefined>;

  /**
   * Reads documents of a lasting view in document order, and fetches pages ahead. The pages ascend: each begins where
   * the one before ended (`ordered.to`), and the last ends at the end of the request. Throws `view_lost` when the
   * cluster has lost the view.
   */
  readOrdered(
    target: ShardTarget,
    view: Pick<LastingView, 'id'>,
    request: OrderedRequest,
    signal?: AbortSignal,
  ): AsyncIterable<Page>;
}

/**
 * Bytes of JSON that one page aims at. A page becomes one frame, and a frame one `_bulk` request. Larger pages are not
 * faster, and several pages are in memory concurrently.
 */
export const PAGE_TARGET_BYTES = 3 * 1024 * 1024;
/** Bytes above which a page is discarded and read as two. */
export const PAGE_MAX_BYTES = 48 * 1024 * 1024;
/** Bytes of the largest document that can be read. By default, a cluster accepts 100 MB. */
export const DOCUMENT_MAX_BYTES = 200 * 1024 * 1024;
