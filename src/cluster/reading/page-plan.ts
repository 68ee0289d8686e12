import { type SeqNoRange } from '../../contracts/seq-no';
import { type PageSize } from './page-size';
import { aggregationBody, bucketsOf, histogramAggregation, rangeQuery } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/** A range and the number of its live documents: counted, or expected if the range is not wider than one search. */
export interface Counted extends SeqNoRange {
  readonly documents: number;
}

/** Most sequence numbers per bucket, so that no bucket can hold more documents than one search returns. */
const WIDEST_BUCKET = 2_500;
/** Buckets per request. */
const PLANNED_BUCKETS = 2_000;

/**
 * Plans the pages of a range step by step. A histogram says where the documents are: with many deletes, a page spans
 * more numbers.
 */
export class PagePlan {
  private buckets: Counted[] = [];
  private planned: number;

  constructor(
    private readonly searches: ShardSearches,
    private readonly searcher: ShardSearcher,
    private readonly range: SeqNoRange,
    private readonly size: PageSize,
    known?: number,
  ) {
    this.planned = range.from;
    const width = range.to - range.from;
    const few = known ?? width;
    if (few <= this.documentsPerPage()) {
      // One page is enough for all documents.
      this.planned = range.to;
      if (few > 0) this.buckets = [{ ...pick(range), documents: few }];
    }
  }

  /** Returns the next page; undefined at the end of the range. */
  async next(signal: AbortSignal): Promise<Counted | undefined> {
    const limit = this.documentsPerPage();
    let page: Counted | undefined;
    for (;;) {
      const bucket = this.buckets[0];
      if (!bucket) {
        if (this.planned >= this.range.to) return page;
        await this.planMore(signal);
        continue;
      }
      if (page && page.documents + bucket.documents > limit) return page;
      if (!page && bucket.documents > limit && bucket.to - bucket.from > 1) {
        this.buckets.splice(0, 1, ...cutEvenly(bucket, limit, this.searcher.pageDocuments));
        continue;
      }
      this.buckets.shift();
      page = { from: page?.from ?? bucket.from, to: bucket.to, documents: (page?.documents ?? 0) + bucket.documents };
    }
  }

  /** Cuts the planned pages to at most `width` numbers, the most documents that a search returns from now on. */
  cutTo(width: number): void {
    this.buckets = this.buckets.flatMap((bucket) => cutTo(bucket, width));
  }

  private documentsPerPage(): number {
    return Math.min(this.searcher.pageDocuments, this.size.documents);
  }

  private async planMore(signal: AbortSignal): Promise<void> {
    const left = { from: this.planned, to: this.range.to };
    const found = await histogramOfStart(this.searches, this.searcher, left, PLANNED_BUCKETS, WIDEST_BUCKET, signal);
    this.buckets = found.buckets;
    this.planned = found.to;
  }
}

/**
 * Returns the live documents of a range in at most `most` parts, fewer if the cluster allows fewer buckets. Parts
 * without documents are left out.
 */
export async function histogram(
  searches: ShardSearches,
  searcher: ShardSearcher,
  range: SeqNoRange,
  most: number,
  signal?: AbortSignal,
): Promise<Counted[]> {
  return (await histogramOfStart(searches, searcher, range, most, Infinity, signal)).buckets;
}

/**
 * Works as {@link histogram}, with parts no wider than `widest`. Ends early, at `to`, if the range needs more parts.
 */
async function histogramOfStart(
  searches: ShardSearches,
  searcher: ShardSearcher,
  range: SeqNoRange,
  most: number,
  widest: number,
  signal?: AbortSignal,
): Promise<{ readonly buckets: Counted[]; readonly to: number }> {
  for (;;) {
    const parts = searches.buckets(most);
    const interval = Math.max(1, Math.min(widest, Math.ceil((range.to - range.from) / parts)));
    const to = Math.min(range.to, range.from + interval * parts);
    try {
      const body = await searcher.search(
        aggregationBody(
          { parts: histogramAggregation(range.from, interval) },
          rangeQuery({ from: range.from, to }),
          {},
        ),
        { filterPath: 'timed_out,_shards,aggregations.parts.buckets.key,aggregations.parts.buckets.doc_count', signal },
      );
      const { aggregations } = JSON.parse(body.toString('utf8')) as { aggregations?: { parts?: unknown } };
      const buckets = bucketsOf(aggregations?.parts).map(({ key, doc_count }) => {
        const from = Math.round(Number(key));
        return { from, to: Math.min(to, from + interval), documents: doc_count };
      });
      return { buckets, to };
    } catch (error) {
      if (!searches.learnBuckets(error, parts)) throw error;
    }
  }
}

/** Cuts a range to parts with about `limit` expected documents each, none wider than the answer of one search. */
function cutEvenly({ from, to, documents }: Counted, limit: number, widest: number): Counted[] {
  const width = Math.min(widest, Math.max(1, Math.floor(((to - from) * limit) / documents)));
  const parts: Counted[] = [];
  for (let a = from; a < to; a += width) {
    const b = Math.min(to, a + width);
    parts.push({ from: a, to: b, documents: Math.min(limit, b - a) });
  }
  return parts;
}

/** Cuts a range to parts no wider than `width`. */
export function cutTo({ from, to, documents }: Counted, width: number): Counted[] {
  const parts: Counted[] = [];
  for (let a = from; a < to; a += width) {
    const b = Math.min(to, a + width);
    parts.push({ from: a, to: b, documents: Math.min(documents, b - a) });
  }
  return parts;
}

function pick({ from, to }: SeqNoRange): SeqNoRange {
  return { from, to };
}
