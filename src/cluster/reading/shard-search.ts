import { SnapkeepError } from '../../contracts/errors';
import { RawJsonError, skipValue, STOP, walkObject } from '../../documents/scan-json';
import { TIME_UNIT_MS } from '../../elasticsearch/values';
import { type Dialect } from '../dialect/dialect';
import { complaintIn, shardFailure } from '../http/cluster-failures';
import { type ClusterHttp, type ClusterRequest, type ClusterResponse } from '../http/cluster-http';
import { type HttpThread } from '../http/http-thread';
import { indexSegment } from '../http/index-path';
import { type ShardTarget } from './document-reader';
import { MAX_PAGE_DOCUMENTS } from './search-body';

/** What one search is sent with, besides its body. */
export interface SearchOptions {
  /** Trims the answer. Never for documents: a filtered answer is parsed and printed again by the cluster, and
   * `1.10` arrives as `1.1`. */
  readonly filterPath?: string;
  readonly maxBytes?: number;
  /** Bytes of the answer, about. @default few */
  readonly expectedBytes?: number;
  readonly signal?: AbortSignal;
}

/** From so many bytes on an answer is received in a thread: below, handing it over costs more than it saves. */
const LARGE_BYTES = 256 * 1024;

/** Sends searches to one shard, all its copies or one view of it; throws unless that shard answered whole. */
export interface ShardSearcher {
  /** What `_source` has to say in a request so that nothing is left out. */
  readonly source: unknown;
  /** Documents per page at most: `index.max_result_window`, once known. */
  readonly pageDocuments: number;
  search(body: Record<string, unknown>, options: SearchOptions): Promise<Buffer<ArrayBuffer>>;
}

/** What searches of a cluster have in common, and what was learned of its indices while reading. */
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

  /** A request whose answer has about `expectedBytes`. */
  request(request: Omit<ClusterRequest, 'accept'>, expectedBytes: number): Promise<ClusterResponse> {
    return expectedBytes < LARGE_BYTES ? this.http.request(request) : this.thread.request(request, request.signal);
  }

  /** Plain searches: each may be answered by another copy, at another moment. Only for sealed ranges. */
  plain(target: ShardTarget): ShardSearcher {
    const path = `/${indexSegment(target.index)}/_search`;
    const query = { ...this.query(), preference: preferenceOf(target), request_cache: false };
    return this.searcher(target, path, query, {});
  }

  /** Searches of an open point in time; `pit` is what goes into the body. */
  pointInTime(target: ShardTarget, pit: { id: string; keep_alive: string }): ShardSearcher {
    return this.searcher(target, '/_search', this.query(), { pit });
  }

  /** Parameters of every search. */
  query(): Record<string, string | boolean> {
    return { allow_partial_search_results: false, ...this.dialect.searchParameters };
  }

  pageDocuments(index: string): number {
    return this.windows.get(index) ?? MAX_PAGE_DOCUMENTS;
  }

  /**
   * Remembers the limit that a refused search names; whether asking for no more than {@link pageDocuments} helps. Shards
   * of an index are read side by side, so the limit may be known already.
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

  /** Buckets that one answer may have, at most `most`: what a refused search has taught (`search.max_buckets`). */
  buckets(most: number): number {
    return Math.min(most, this.mostBuckets);
  }

  /** Remembers the limit that a search with `asked` buckets was refused for; whether asking for fewer may help. */
  learnBuckets(error: unknown, asked: number): boolean {
    const complaint = complaintIn(error);
    if (complaint?.type !== 'too_many_buckets_exception' || asked <= 1) return false;
    const limit = Number(BUCKET_LIMIT.exec(complaint.reason)?.[1] ?? Number.NaN);
    // Aggregations around the buckets count, too: where the limit itself is refused, less is asked for.
    const fewer = limit >= 1 && limit < asked ? limit : Math.floor(asked / 2);
    this.mostBuckets = Math.min(this.mostBuckets, fewer);
    return true;
  }

  /** Clauses that one query may have, at most `most` (`indices.query.bool.max_clause_count`). */
  clauses(most: number): number {
    return Math.min(most, this.mostClauses);
  }

  /** Remembers that a query with `asked` clauses was refused; whether asking with fewer may help. */
  learnClauses(error: unknown, asked: number): boolean {
    const complaint = complaintIn(error);
    const refused = /too_many_(nested_)?clauses|maxClauseCount/;
    if (complaint === undefined || asked <= 1 || !refused.test(`${complaint.type} ${complaint.reason}`)) return false;
    this.mostClauses = Math.min(this.mostClauses, Math.floor(asked / 2));
    return true;
  }

  /** How long an idle view is to live. */
  get keepAlive(): string {
    return `${this.keepAliveMs}ms`;
  }

  /** Remembers the limit (`search.max_keep_alive`) that a refused view names; whether asking for no more helps. */
  learnKeepAlive(error: unknown): boolean {
    const named = KEEP_ALIVE_LIMIT.exec(complaintIn(error)?.reason ?? '');
    if (named === null) return false;
    const limitMs = Math.floor(Number(named[1]) * (TIME_UNIT_MS[named[2]!] ?? Number.NaN));
    if (!(limitMs >= 1) || limitMs >= this.keepAliveMs) return false;
    this.keepAliveMs = limitMs;
    return true;
  }

  /** Documents per page of a scroll: what a page that grew too large has taught. A scroll's size can't change. */
  scrollPage(index: string): number {
    return Math.min(this.pageDocuments(index), this.scrollPages.get(index) ?? MAX_PAGE_DOCUMENTS);
  }

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

/** `_shards:N`, or its primary. */
export function preferenceOf(target: ShardTarget): string {
  return target.primaryOnly ? `_shards:${target.shard}|_primary` : `_shards:${target.shard}`;
}

/** Throws unless exactly one shard answered, whole and in time. Looks at the envelope only. */
export function requireWholeShard(target: ShardTarget, body: Buffer): void {
  const { shards, timedOut } = readEnvelope(body);
  const what = `A search of [${target.index}][${target.shard}]`;
  if (shards === undefined) throw new SnapkeepError('cluster_rejected', `${what} came back without "_shards"`);
  if (Number(shards.failed) !== 0) throw shardFailure(what, shards.failures?.[0]);
  if (shards.total === 0) {
    throw new SnapkeepError('shard_inconsistent', `${what} found no such shard: the index was made again since`, {
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

/** Reads `_shards` and `timed_out`, which stand before the hits; the hits are only walked if they do not. */
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
    throw new SnapkeepError('cluster_unavailable', `The cluster answered a search with something that is not JSON`, {
      cause,
    });
  }
  return { shards, timedOut };
}

/** Every search prolongs a view; a worker that dies leaves it behind for so long. */
const KEEP_ALIVE_MS = 10 * 60_000;

/** "Must be less than or equal to: [10] but was [11]" */
const BUCKET_LIMIT = /less than or equal to: \[(\d+)\]/i;
/** "Keep alive for request (10m) is too large. It must be less than (1m)." */
const KEEP_ALIVE_LIMIT = /keep alive for .*? is too large.*?less than \(([\d.]+)(nanos|micros|ms|s|m|h|d)\)/i;

/** "Result window is too large…" and "Batch size is too large…" both name the limit and what was asked. */
const WINDOW_LIMIT = /(?:window|batch size) is too large.*?less than or equal to: \[(\d+)\] but was \[(\d+)\]/i;
