import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Page } from '../../documents/page';
import { type PointInTimeRequests } from '../dialect/point-in-time';
import { indexSegment } from '../http/index-path';
import { type LastingView, type ShardTarget, type ShardView, type ViewRequest } from './document-reader';
import { type BucketSum, bucketWidth, liveBySums } from './missing-numbers';
import { readFacts } from './ordered-facts';
import { readOrdered } from './read-ordered';
import { readPages } from './read-pages';
import {
  aggregationBody,
  bucketsOf,
  countsAggregation,
  histogramAggregation,
  MAX_BUCKETS,
  MAX_CLAUSES,
  MAX_SEQ_NO_AGGREGATION,
  rangeQuery,
  readCounts,
  seqNosBody,
  SUM_AGGREGATION,
} from './search-body';
import { preferenceOf, type ShardSearcher, type ShardSearches } from './shard-search';

/** Concurrent requests for lists of sequence numbers. */
const LISTS_IN_FLIGHT = 3;
const SEQ_NOS_ONLY = 'timed_out,_shards,hits.hits.sort';
const COUNTS_ONLY =
  'timed_out,_shards,aggregations.max.value,aggregations.ranges.buckets.key,aggregations.ranges.buckets.doc_count';
/** Sums per request; clusters allow 65,535 buckets. */
const MAX_SUMS = 20_000;
const SUMS_ONLY =
  'timed_out,_shards,aggregations.parts.buckets.key,aggregations.parts.buckets.doc_count,aggregations.parts.buckets.sum.value';

/** Opens a point in time of one shard, unless one is given, and counts in it. */
export async function openPitView(
  searches: ShardSearches,
  requests: PointInTimeRequests,
  target: ShardTarget,
  request: ViewRequest,
  signal?: AbortSignal,
  lasting?: LastingView,
): Promise<ShardView> {
  const id = lasting?.id ?? (await openPit(searches, requests, target, signal));
  const close = () => closePit(searches, requests, id);
  try {
    const searcher = searches.pointInTime(target, id);
    const counted = await countAll(searches, searcher, request, signal);
    return new PitView(searches, searcher, id, target, request, counted, close);
  } catch (error) {
    await close();
    throw error;
  }
}

interface CountedView {
  readonly counts: readonly number[];
  readonly readCounts: readonly number[];
  readonly maxSeqNo: number;
}

class PitView implements ShardView {
  readonly counts: readonly number[];
  readonly readCounts: readonly number[];
  readonly maxSeqNo: number;

  constructor(
    private readonly searches: ShardSearches,
    private readonly searcher: ShardSearcher,
    private readonly id: string,
    private readonly target: ShardTarget,
    private readonly request: ViewRequest,
    counted: CountedView,
    readonly close: () => Promise<void>,
  ) {
    this.counts = counted.counts;
    this.readCounts = counted.readCounts;
    this.maxSeqNo = counted.maxSeqNo;
  }

  async seqNos(k: number, before?: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    const expected = this.counts[k]!;
    if (expected === 0) return new Float64Array(0);
    const known = this.request.known[k]!;
    const range = { from: known.from, to: this.bound(known.to) };
    const width = before === undefined ? undefined : bucketWidth(range, before, expected);
    const found =
      before === undefined || width === undefined
        ? await this.list([range], expected, signal)
        : await this.listWhereMissing(range, before, width, expected, signal);
    if (found.length !== expected) throw countsDiffer(this.target, known, expected, found.length);
    return found;
  }

  async *documents(r: number, signal?: AbortSignal): AsyncGenerator<Page, void, undefined> {
    const known = this.readCounts[r]!;
    if (known === 0) return;
    const { from, to } = this.request.read[r]!;
    if (this.target.sharesNumbers === true) {
      // A page by sequence numbers could end within the documents of one number.
      const numbers = { from, to: this.bound(to) };
      const { end } = await readFacts(this.searcher, numbers, signal);
      yield* readOrdered(this.searches, this.target, { id: this.id }, { from: 0, to: end, numbers }, signal);
      return;
    }
    yield* readPages(this.searches, this.searcher, this.target, { from, to: this.bound(to) }, { known, signal });
  }

  /** Returns the end of a range that can be open-ended. No number is live above the view's highest. */
  private bound(to: number): number {
    return Math.min(to, this.maxSeqNo + 1);
  }

  /** Returns the live numbers of a range, and lists only the buckets that lost more than one number. */
  private async listWhereMissing(
    range: SeqNoRange,
    before: Float64Array,
    width: number,
    expected: number,
    signal?: AbortSignal,
  ): Promise<Float64Array> {
    const sums: BucketSum[] = [];
    for (let from = range.from; from < range.to;) {
      const buckets = this.searches.buckets(MAX_SUMS);
      const part = { from, to: Math.min(range.to, from + width * buckets) };
      const aggs = { parts: histogramAggregation(from, width, { sum: SUM_AGGREGATION }) };
      try {
        const body = await this.searcher.search(aggregationBody(aggs, rangeQuery(part), {}), {
          filterPath: SUMS_ONLY,
          signal,
        });
        const { aggregations } = JSON.parse(body.toString('utf8')) as { aggregations?: { parts?: unknown } };
        for (const { key, doc_count, sum } of bucketsOf(aggregations?.parts)) {
          sums.push({
            from: Number(key),
            count: doc_count,
            sum: Number((sum as { value?: unknown } | undefined)?.value),
          });
        }
        from = part.to;
      } catch (error) {
        if (!this.searches.learnBuckets(error, buckets)) throw error;
      }
    }
    const { live, unclear } = liveBySums(before, sums, range, width);
    if (unclear.length === 0) return live;
    const listed = await this.list(unclear, expected - live.length, signal);
    const all = new Float64Array(live.length + listed.length);
    all.set(live);
    all.set(listed, live.length);
    return all.sort();
  }

  /** Lists the live numbers of ascending ranges. Throws `view_lost` when there are more than `expected`. */
  private async list(ranges: readonly SeqNoRange[], expected: number, signal?: AbortSignal): Promise<Float64Array> {
    const found = new Float64Array(expected);
    let at = 0;
    for await (const page of this.seqNoPages(ranges, signal)) {
      if (at + page.length > expected) throw countsDiffer(this.target, ranges[0]!, expected, at + page.length);
      found.set(page, at);
      at += page.length;
    }
    return found.subarray(0, at);
  }

  /** Lists the numbers by parts that fit a page, with concurrent requests. */
  private async *seqNoPages(ranges: readonly SeqNoRange[], signal?: AbortSignal): AsyncGenerator<number[]> {
    const stop = new AbortController();
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    const parts = pagesOf(ranges, this.searcher.pageDocuments, this.searches.clauses(MAX_CLAUSES));
    const pending: Promise<number[] | Error>[] = [];
    try {
      for (;;) {
        while (pending.length < LISTS_IN_FLIGHT && parts.length > 0) {
          const part = parts.shift() as SeqNoRange[];
          pending.push(this.listPart(part, either).catch((error: unknown) => error as Error));
        }
        const first = pending.shift();
        if (!first) return;
        const page = await first;
        if (page instanceof Error) throw page;
        yield page;
      }
    } finally {
      stop.abort();
    }
  }

  private async listPart(part: readonly SeqNoRange[], signal: AbortSignal): Promise<number[]> {
    const width = part.reduce((sum, { from, to }) => sum + to - from, 0);
    // Asks for the whole part, although the limit can be lower now: the request must be refused, not answered in part.
    const shares = this.target.sharesNumbers === true;
    const size = shares ? this.searcher.pageDocuments : width;
    try {
      const body = seqNosBody(part, size);
      const numbers = readSortValues(await this.searcher.search(body, { filterPath: SEQ_NOS_ONLY, signal }));
      if (!shares || numbers.length < size || width === 1) return numbers;
      // There can be more documents than numbers.
      const list: number[] = [];
      for (const half of pagesOf(part, Math.ceil(width / 2))) list.push(...(await this.listPart(half, signal)));
      return list;
    } catch (error) {
      const { index } = this.target;
      if (!this.searches.learnWindow(index, error) && !this.searches.learnClauses(error, part.length)) throw error;
      const list: number[] = [];
      for (const smaller of pagesOf(part, this.searcher.pageDocuments, this.searches.clauses(MAX_CLAUSES))) {
        list.push(...(await this.listPart(smaller, signal)));
      }
      return list;
    }
  }
}

/** Groups ascending ranges for one search each: at most `width` numbers and `clauses` ranges per group. */
function pagesOf(ranges: readonly SeqNoRange[], width: number, clauses = MAX_CLAUSES): SeqNoRange[][] {
  const pages: SeqNoRange[][] = [];
  let room = 0;
  for (const { from, to } of ranges) {
    for (let at = from; at < to;) {
      let page = pages.at(-1);
      if (page === undefined || room === 0 || page.length >= clauses) {
        page = [];
        pages.push(page);
        room = width;
      }
      const end = Math.min(to, at + room);
      page.push({ from: at, to: end });
      room -= end - at;
      at = end;
    }
  }
  return pages;
}

/** Returns the first sort value of every hit. */
export function readSortValues(body: Buffer): number[] {
  const { hits } = JSON.parse(body.toString('utf8')) as { hits?: { hits?: { sort: number[] }[] } };
  return hits?.hits?.map((hit) => hit.sort[0]!) ?? [];
}

/** Opens a point in time of one shard and returns its id. */
export async function openPit(
  searches: ShardSearches,
  requests: PointInTimeRequests,
  target: ShardTarget,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { path, query } = requests.open(indexSegment(target.index));
  const open = (): Promise<{ id?: string; pit_id?: string }> =>
    searches.http.json({
      method: 'POST',
      path,
      query: {
        keep_alive: searches.keepAlive,
        preference: preferenceOf(target),
        ...query,
        ...searches.dialect.searchParameters,
      },
      signal,
    });
  const opened = await open().catch((error: unknown) => {
    if (!searches.learnKeepAlive(error)) throw error;
    return open();
  });
  const id = opened.pit_id ?? opened.id;
  if (id === undefined) throw new SnapkeepError('cluster_rejected', 'the cluster opened a point in time without an id');
  return id;
}

/** Closes a view, which frees memory of the cluster early. A view that can't be closed expires. */
export async function closePit(searches: ShardSearches, requests: PointInTimeRequests, id: string): Promise<void> {
  const { path, body } = requests.close(id);
  try {
    await searches.http.request({ method: 'DELETE', path, body: JSON.stringify(body), accept: () => true });
  } catch {
    // The view expires.
  }
}

async function countAll(
  searches: ShardSearches,
  searcher: ShardSearcher,
  request: ViewRequest,
  signal?: AbortSignal,
): Promise<CountedView> {
  const ranges: SeqNoRange[] = [...request.known, ...request.read];
  const counts: number[] = [];
  let maxSeqNo: number | undefined;
  while (maxSeqNo === undefined || counts.length < ranges.length) {
    const part = ranges.slice(counts.length, counts.length + searches.buckets(MAX_BUCKETS));
    const aggs = {
      max: MAX_SEQ_NO_AGGREGATION,
      ...(part.length > 0 ? { ranges: countsAggregation(part) } : {}),
    };
    try {
      const body = await searcher.search(aggregationBody(aggs, undefined, {}), { filterPath: COUNTS_ONLY, signal });
      const { aggregations } = JSON.parse(body.toString('utf8')) as {
        aggregations?: { max?: { value?: number | null }; ranges?: unknown };
      };
      maxSeqNo = aggregations?.max?.value ?? -1;
      counts.push(...readCounts(aggregations?.ranges, part.length));
    } catch (error) {
      if (!searches.learnBuckets(error, part.length)) throw error;
    }
  }
  return { counts: counts.slice(0, request.known.length), readCounts: counts.slice(request.known.length), maxSeqNo };
}

function countsDiffer(target: ShardTarget, range: SeqNoRange, expected: number, found: number): SnapkeepError {
  return new SnapkeepError(
    'view_lost',
    `the view of [${target.index}][${target.shard}] counted ${expected} documents in [${range.from}, ${range.to}) and listed ${found}`,
    { details: { index: target.index, shard: target.shard } },
  );
}
