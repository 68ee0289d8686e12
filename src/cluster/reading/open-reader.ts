import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Page } from '../../documents/page';
import {
  type DocumentReader,
  type KnownRange,
  type LastingView,
  type OrderedRequest,
  type OrderedView,
  type Probe,
  type ProbeRequest,
  type ShardTarget,
  type ShardView,
  type ViewRequest,
} from './document-reader';
import { orderPays } from './order-probe';
import { readFacts } from './ordered-facts';
import { type Counted, histogram } from './page-plan';
import { closePit, openPit, openPitView } from './pit-view';
import { probeShard } from './probe-shard';
import { readOrdered } from './read-ordered';
import { readPages } from './read-pages';
import { openScrollView } from './scroll-view';
import { aggregationBody, countsAggregation, MAX_BUCKETS, readCounts } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/** Buckets of the histogram by which a range is divided. */
const DIVIDE_BUCKETS = 4_000;

/** Reads the shards of one cluster, as {@link DocumentReader} promises. */
export class ClusterDocumentReader implements DocumentReader {
  constructor(private readonly searches: () => Promise<ShardSearches>) {}

  async count(target: ShardTarget, ranges: readonly SeqNoRange[], signal?: AbortSignal): Promise<number[]> {
    const searches = await this.searches();
    return countRanges(searches, searches.plain(target), ranges, signal);
  }

  async divide(target: ShardTarget, range: SeqNoRange, maxBytes: number, signal?: AbortSignal): Promise<KnownRange[]> {
    const limit = Math.max(1, Math.floor(maxBytes / Math.max(1, target.bytesPerDocument)));
    return joinParts(range, await fineBuckets(await this.searches(), target, range, limit, signal), limit);
  }

  async *readSealed(
    target: ShardTarget,
    range: SeqNoRange,
    signal?: AbortSignal,
  ): AsyncGenerator<Page, void, undefined> {
    if (range.to <= range.from) return;
    const searches = await this.searches();
    yield* readPages(searches, searches.plain(target), target, range, { signal });
  }

  async probe(target: ShardTarget, request: ProbeRequest, signal?: AbortSignal): Promise<Probe> {
    const searches = await this.searches();
    return probeShard(searches, target, request, signal);
  }

  async openView(
    target: ShardTarget,
    request: ViewRequest,
    signal?: AbortSignal,
    lasting?: LastingView,
  ): Promise<ShardView> {
    const searches = await this.searches();
    for (const range of [...request.known, ...request.read]) {
      if (!(range.from >= 0 && range.to >= range.from)) {
        throw new SnapkeepError('internal', `[${range.from}, ${range.to}) is not a valid range for a view`);
      }
    }
    const { pointInTime } = searches.dialect;
    return pointInTime === undefined
      ? openScrollView(searches, target, request, signal)
      : openPitView(searches, pointInTime, target, request, signal, lasting);
  }

  async openLasting(target: ShardTarget, signal?: AbortSignal): Promise<LastingView | undefined> {
    const searches = await this.searches();
    const { pointInTime } = searches.dialect;
    if (pointInTime === undefined) return undefined;
    const fromMillis = Date.now();
    const id = await openPit(searches, pointInTime, target, signal);
    return { id, fromMillis, toMillis: Date.now() };
  }

  async openOrdered(
    target: ShardTarget,
    numbers: SeqNoRange,
    signal?: AbortSignal,
    { always = false }: { always?: boolean } = {},
  ): Promise<OrderedView | undefined> {
    const view = await this.openLasting(target, signal);
    if (view === undefined) return undefined;
    const searches = await this.searches();
    let pays = false;
    try {
      const searcher = searches.pointInTime(target, view.id);
      const facts = await readFacts(searcher, numbers, signal);
      pays = always || (await orderPays(searches, searcher, target, facts, numbers, signal));
      return pays ? { view, end: facts.end } : undefined;
    } finally {
      if (!pays) await this.closeLasting(view);
    }
  }

  async *readOrdered(
    target: ShardTarget,
    view: Pick<LastingView, 'id'>,
    request: OrderedRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<Page, void, undefined> {
    yield* readOrdered(await this.searches(), target, view, request, signal);
  }

  async closeLasting({ id }: Pick<LastingView, 'id'>): Promise<void> {
    const searches = await this.searches();
    const { pointInTime } = searches.dialect;
    if (pointInTime !== undefined) await closePit(searches, pointInTime, id);
  }
}

/** Counts the live documents of each range, at one moment unless a cluster cannot count all ranges in one request. */
async function countRanges(
  searches: ShardSearches,
  searcher: ShardSearcher,
  ranges: readonly SeqNoRange[],
  signal?: AbortSignal,
): Promise<number[]> {
  const counts: number[] = [];
  while (counts.length < ranges.length) {
    const part = ranges.slice(counts.length, counts.length + searches.buckets(MAX_BUCKETS));
    try {
      const body = await searcher.search(aggregationBody({ ranges: countsAggregation(part) }, undefined, {}), {
        filterPath: 'timed_out,_shards,aggregations.ranges.buckets.key,aggregations.ranges.buckets.doc_count',
        signal,
      });
      const { aggregations } = JSON.parse(body.toString('utf8')) as { aggregations?: { ranges?: unknown } };
      counts.push(...readCounts(aggregations?.ranges, part.length));
    } catch (error) {
      if (!searches.learnBuckets(error, part.length)) throw error;
    }
  }
  return counts;
}

/** Returns non-empty parts of a range. None has more than `limit` documents, except parts of a single number. */
async function fineBuckets(
  searches: ShardSearches,
  target: ShardTarget,
  range: SeqNoRange,
  limit: number,
  signal?: AbortSignal,
): Promise<Counted[]> {
  if (range.to <= range.from) return [];
  const fine: Counted[] = [];
  const searcher = searches.plain(target);
  for (const bucket of await histogram(searches, searcher, range, DIVIDE_BUCKETS, signal)) {
    if (bucket.documents <= limit || bucket.to - bucket.from === 1) fine.push(bucket);
    else if (bucket.to - bucket.from === range.to - range.from) {
      // The cluster allows one bucket only.
      const middle = bucket.from + Math.floor((bucket.to - bucket.from) / 2);
      fine.push(...(await fineBuckets(searches, target, { from: bucket.from, to: middle }, limit, signal)));
      fine.push(...(await fineBuckets(searches, target, { from: middle, to: bucket.to }, limit, signal)));
    } else fine.push(...(await fineBuckets(searches, target, bucket, limit, signal)));
  }
  return fine;
}

/** Joins buckets to parts of at most `limit` documents that cover the whole range. */
export function joinParts(range: SeqNoRange, buckets: readonly Counted[], limit: number): KnownRange[] {
  const parts: KnownRange[] = [];
  let from = range.from;
  let live = 0;
  for (const bucket of buckets) {
    if (live > 0 && live + bucket.documents > limit) {
      parts.push({ from, to: bucket.from, live });
      from = bucket.from;
      live = 0;
    }
    live += bucket.documents;
  }
  if (range.to > from) parts.push({ from, to: range.to, live });
  return parts;
}
