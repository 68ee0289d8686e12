import { SnapkeepError } from '../../contracts/errors';
import { RawJsonError, skipValue, STOP, walkObject } from '../../documents/scan-json';
import { TIME_UNIT_MS } from '../../elasticsearch/values';
import { type Dialect } from '../dialect/dialect';
import { complaintIn, shardFailure } from '../http/cluster-failures';
import { type ClusterHttp, type ClusterRequest, type ClusterResponse } from '../http/cluster-http';
import { type HttpThread } from '../http/http-thread';
import { indexSegment } from '../http/index-path';
import { type ShardTarget } from './document-reader';
import { requireNoFailure } from './multi-search-failure';
import { MAX_PAGE_DOCUMENTS } from './search-body';

/** Options of one search. */
interface SearchOptions {
  /**
   * Trims the answer. Must not be used for documents: the cluster parses and prints a filtered answer, and `1.10`
   * arrives as `1.1`.
   */
  readonly filterPath?: string;
  readonly maxBytes?: number;
  /** Expected bytes of the answer. @default few */
  readonly expectedBytes?: number;
  readonly signal?: AbortSignal;
}

/** Answers from this size on are received in a thread. For smaller ones, the transfer costs more than it saves. */
const LARGE_BYTES = 256 * 1024;

/** Sends searches to one shard: to all its copies, or to one view. */
export interface ShardSearcher {
  /** Value of `_source` in a search by which no part of a document is left out. */
  readonly source: unknown;
  /** Most documents per page: `index.max_result_window`, once it is known. */
  readonly pageDocuments: number;
  /** Returns the response. Throws when the shard did not answer completely. */
  search(body: Record<string, unknown>, options: SearchOptions): Promise<Buffer>;
}

/** Sends searches to one point in time. */
export interface PointInTimeSearcher extends ShardSearcher {
  /**
   * Returns the response of a multi-search, which runs the searches one after the other. Throws the failure of the
   * first search that failed. Whether each shard answered completely is for `scanOrderedHits` to check.
   */
  searchAll(bodies: readonly Record<string, unknown>[], options: Omit<SearchOptions, 'filterPath'>): Promise<Buffer>;
}

/** Builds searchers for the shards of one cluster, and remembers the limits that refused searches revealed. */
export class ShardSearches {
  private readonly windows = new Map<string, number>();
  private readonly scrollPages = new Map<string, number>();
  private mostBuckets = Infinity;
  private mostClauses = Infinity;
  private keepAliveMs = KEEP_ALIVE_MS;

  constructor(
    readonly http: ClusterHttp,
    private readonly thread: HttpThread,
    readonly dialect: Dialect,
  ) {}

  /** Sends a request whose answer has about `expectedBytes`; large answers are received in a thread. */
  request(request: Omit<ClusterRequest, 'accept'>, expectedBytes: number): Promise<ClusterResponse> {
    return expectedBytes < LARGE_BYTES ? this.http.request(request) : this.thread.request(request, request.signal);
  }

  /**
   * Returns a searcher without a view. Each search can see another copy and moment, so use it for sealed ranges only.
   */
  plain(target: ShardTarget): ShardSearcher {
    const path = `/${indexSegment(target.index)}/_search`;
    const query = { ...this.query(), preference: preferenceOf(target), request_cache: false };
    return this.searcher(target, path, query, {});
  }

  /** Returns a searcher of an open point in time. */
  pointInTime(target: ShardTarget, id: string): PointInTimeSearcher {
    const pit = { id, keep_alive: this.keepAlive };
    const searcher = this.searcher(target, '/_search', this.query(), { pit });
    // A multi-search takes the parameters of its searches in their headers.
    const header = JSON.stringify(this.query());
    const searchAll: PointInTimeSearcher['searchAll'] = async (bodies, options) => {
      const request = {
        method: 'POST' as const,
        path: '/_msearch',
        // Concurrent pages keep the cluster busy already.
        query: { max_concurrent_searches: 1 },
        contentType: 'application/x-ndjson',
        body: bodies.map((body) => `${header}\n${JSON.stringify({ ...body, pit })}\n`).join(''),
        maxBytes: options.maxBytes,
        signal: options.signal,
      };
      const { body } = await this.request(request, options.expectedBytes ?? 0);
      requireNoFailure(body);
      return body;
    };
    return Object.assign(searcher, { searchAll });
  }

  /** Returns the parameters of every search. */
  query(): Record<string, string | boolean> {
    return { allow_partial_search_results: false, ...this.dialect.searchParameters };
  }

  /** Returns the most documents per page of an index. */
  pageDocuments(index: string): number {
    return this.windows.get(index) ?? MAX_PAGE_DOCUMENTS;
  }

  /**
   * Remembers the limit that a refused search names. Returns whether a retry with {@link pageDocuments} can help. The
   * limit can be known already, because shards of an index are read concurrently.
   */
  learnWindow(index: string, error: unknown): boolean {
    const reason = complaintIn(error)?.reason;
    const refused = reason === undefined ? null : WINDOW_LIMIT.exec(reason);
    if (!refused) return false;
    const window = Number(refused[1]);
    const asked = Number(refused[2]);
    if (!(window >= 1) || window >= asked) return false;
    this.windows.set(index, Math.min(window, this.pageDocuments(index)));
    return true;
  }

  /** Returns the most buckets for one answer, at most `most`, as refused searches revealed (`search.max_buckets`). */
  buckets(most: number): number {
    return Math.min(most, this.mostBuckets);
  }

  /** Remembers that a search with `asked` buckets was refused. Returns whether a retry with fewer can help. */
  learnBuckets(error: unknown, asked: number): boolean {
    const complaint = complaintIn(error);
    if (complaint?.type !== 'too_many_buckets_exception' || asked <= 1) return false;
    const limit = Number(BUCKET_LIMIT.exec(complaint.reason)?.[1] ?? Number.NaN);
    // Enclosing aggregations count too: if the limit itself was refused, ask for fewer.
    const fewer = limit >= 1 && limit < asked ? limit : Math.floor(asked / 2);
    this.mostBuckets = Math.min(this.mostBuckets, fewer);
    return true;
  }

  /** Returns the most clauses for one query, at most `most` (`indices.query.bool.max_clause_count`). */
  clauses(most: number): number {
    return Math.min(most, this.mostClauses);
  }

  /** Remembers that a query with `asked` clauses was refused. Returns whether a retry with fewer can help. */
  learnClauses(error: unknown, asked: number): boolean {
    const complaint = complaintIn(error);
    const refused = /too_many_(nested_)?clauses|maxClauseCount/;
    if (complaint === undefined || asked <= 1 || !refused.test(`${complaint.type} ${complaint.reason}`)) return false;
    this.mostClauses = Math.min(this.mostClauses, Math.floor(asked / 2));
    return true;
  }

  /** The time for which the cluster keeps an idle view. */
  get keepAlive(): string {
    return `${this.keepAliveMs}ms`;
  }

  /** Remembers the limit (`search.max_keep_alive`) that a refused view names. Returns whether a retry can help. */
  learnKeepAlive(error: unknown): boolean {
    const named = KEEP_ALIVE_LIMIT.exec(complaintIn(error)?.reason ?? '');
    if (named === null) return false;
    const limitMs = Math.floor(Number(named[1]) * (TIME_UNIT_MS[named[2]!] ?? Number.NaN));
    if (!(limitMs >= 1) || limitMs >= this.keepAliveMs) return false;
    this.keepAliveMs = limitMs;
    return true;
  }

  /** Returns the documents per page for a new scroll. A page too large has lowered it: a scroll's size can't change. */
  scrollPage(index: string): number {
    return Math.min(this.pageDocuments(index), this.scrollPages.get(index) ?? MAX_PAGE_DOCUMENTS);
  }

  /** Remembers the documents per page for new scrolls of an index. */
  learnScrollPage(index: string, documents: number): void {
    this.scrollPages.set(index, documents);
  }

  private searcher(
    target: ShardTarget,
    path: string,
    query: Record<string, string | boolean>,
    extra: Record<string, unknown>,
  ): ShardSearcher {
    const searches = this;
    return {
      source: this.dialect.wholeSource,
      get pageDocuments() {
        return searches.pageDocuments(target.index);
      },
      async search(body, options) {
        const request = {
          method: 'POST' as const,
          path,
          query: { ...query, filter_path: options.filterPath },
          body: JSON.stringify({ ...body, ...extra }),
          maxBytes: options.maxBytes,
          signal: options.signal,
        };
        const response = await searches.request(request, options.expectedBytes ?? 0);
        requireWholeShard(target, response.body);
        return response.body;
      },
    };
  }
}

/** Returns the search preference for a shard: `_shards:N`, or its primary. */
export function preferenceOf(target: ShardTarget): string {
  return target.primaryOnly ? `_shards:${target.shard}|_primary` : `_shards:${target.shard}`;
}

/** Throws unless exactly one shard answered, completely and in time. Reads the envelope only. */
export function requireWholeShard(target: ShardTarget, body: Buffer): void {
  const { shards, timedOut } = readEnvelope(body);
  const what = `a search of [${target.index}][${target.shard}]`;
  if (shards === undefined) throw new SnapkeepError('cluster_rejected', `${what} came back without "_shards"`);
  if (Number(shards.failed) !== 0) throw shardFailure(what, shards.failures?.[0]);
  if (shards.total === 0) {
    throw new SnapkeepError('shard_inconsistent', `${what} found no such shard: the index was created again since`, {
      details: { index: target.index, shard: target.shard },
    });
  }
  if (shards.total !== 1 || shards.successful !== 1) {
    throw new SnapkeepError(
      'cluster_unavailable',
      `${what} was answered by ${shards.successful} of ${shards.total} shards`,
    );
  }
  if (timedOut) throw new SnapkeepError('cluster_unavailable', `${what} ran into the cluster's own time limit`);
}

interface Shards {
  total?: number;
  successful?: number;
  failed?: number;
  failures?: unknown[];
}

/** Reads `_shards` and `timed_out`. They precede the hits, which are only scanned if they do not. */
function readEnvelope(body: Buffer): { shards?: Shards; timedOut: boolean } {
  let shards: Shards | undefined;
  let timedOut = false;
  try {
    walkObject(body, 0, (key, value) => {
      if (key === 'hits' && shards) return STOP;
      if (key !== '_shards' && key !== 'timed_out') return undefined;
      const end = skipValue(body, value);
      const parsed: unknown = JSON.parse(body.toString('utf8', value, end));
      if (key === 'timed_out') timedOut = parsed === true;
      else shards = parsed as Shards;
      return end;
    });
  } catch (cause) {
    if (!(cause instanceof RawJsonError)) throw cause;
    throw new SnapkeepError('cluster_unavailable', `the cluster answered a search with something that is not JSON`, {
      cause,
    });
  }
  return { shards, timedOut };
}

/** Every search prolongs a view. If a worker crashes, the cluster keeps the view for this time. */
const KEEP_ALIVE_MS = 10 * 60_000;

/** Matches "Must be less than or equal to: [10] but was [11]". */
const BUCKET_LIMIT = /less than or equal to: \[(\d+)\]/i;
/** Matches "Keep alive for request (10m) is too large. It must be less than (1m)." */
const KEEP_ALIVE_LIMIT = /keep alive for .*? is too large.*?less than \(([\d.]+)(nanos|micros|ms|s|m|h|d)\)/i;

/** Matches "Result window is too large…" and "Batch size is too large…", which name the limit and the request. */
const WINDOW_LIMIT = /(?:window|batch size) is too large.*?less than or equal to: \[(\d+)\] but was \[(\d+)\]/i;
