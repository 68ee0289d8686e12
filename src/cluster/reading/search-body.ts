import { type SeqNoRange } from '../../contracts/seq-no';

/** The search requests that reading a shard is made of, as JSON text. Pure. */

/** The most documents one search may return, unless `index.max_result_window` says less. */
export const MAX_PAGE_DOCUMENTS = 10_000;
/** Buckets asked of one aggregation; clusters stop at 65,535 (`search.max_buckets`) in one response. */
export const MAX_BUCKETS = 5_000;
/** Clauses asked of one query; clusters stop at 1,024 by default. */
export const MAX_CLAUSES = 500;

/** Parts that a view or an engine adds to every search. */
export type ExtraParts = Readonly<Record<string, unknown>>;

type Json = Record<string, unknown>;

/** Documents of a range, ascending by `_seq_no`. `source` is what `_source` has to say to get everything. */
export function documentsBody(range: SeqNoRange, size: number, source: unknown, extra: ExtraParts): Json {
  return {
    size,
    query: rangeQuery(range),
    sort: [{ _seq_no: 'asc' }],
    version: true,
    seq_no_primary_term: true,
    _source: source,
    track_total_hits: false,
    ...extra,
  };
}

/** The last documents of a range, descending by `_seq_no`, and aggregations over the whole shard. */
export function lastDocumentsBody(range: SeqNoRange, size: number, source: unknown, aggs: Json | undefined): Json {
  return {
    ...documentsBody(range, size, source, {}),
    sort: [{ _seq_no: 'desc' }],
    ...(aggs ? { aggs: { shard: { global: {}, aggs } } } : {}),
  };
}

/** Only the sequence numbers of the live documents of some ranges, ascending, as sort values. */
export function seqNosBody(ranges: readonly SeqNoRange[], size: number, clauses = MAX_CLAUSES): Json {
  return {
    size,
    query: rangesQuery(ranges, clauses),
    sort: [{ _seq_no: 'asc' }],
    _source: false,
    stored_fields: '_none_',
    track_total_hits: false,
  };
}

/** An aggregation and no documents. */
export function aggregationBody(aggs: Json, query: Json | undefined, extra: ExtraParts): Json {
  return { size: 0, track_total_hits: false, ...(query ? { query } : {}), aggs, ...extra };
}

/** Live documents per range; buckets come sorted by their bounds, so each carries its position as key. */
export function countsAggregation(ranges: readonly SeqNoRange[], aggs?: Json): Json {
  return {
    range: { field: '_seq_no', ranges: ranges.map(({ from, to }, k) => ({ key: String(k), from, to })) },
    ...(aggs ? { aggs } : {}),
  };
}

/** Live documents per `interval` sequence numbers, from `from` on; empty buckets are left out. */
export function histogramAggregation(from: number, interval: number, aggs?: Json): Json {
  return {
    histogram: { field: '_seq_no', interval, offset: from % interval, min_doc_count: 1 },
    ...(aggs ? { aggs } : {}),
  };
}

/** The sum of sequence numbers; exact below 2^53. */
export const SUM_AGGREGATION: Json = { sum: { field: '_seq_no' } };

export const MAX_SEQ_NO_AGGREGATION: Json = { max: { field: '_seq_no' } };

export function rangeQuery({ from, to }: SeqNoRange): Json {
  return { range: { _seq_no: { gte: from, lt: to } } };
}

/** Ranges are ascending; where they are too many for a query, one that covers them all. */
function rangesQuery(ranges: readonly SeqNoRange[], clauses: number): Json {
  const joined: SeqNoRange[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last && last.to === range.from) joined[joined.length - 1] = { from: last.from, to: range.to };
    else joined.push(range);
  }
  if (joined.length === 1) return rangeQuery(joined[0]!);
  if (joined.length > clauses) return rangeQuery({ from: joined[0]!.from, to: joined.at(-1)!.to });
  return { bool: { filter: [{ bool: { should: joined.map(rangeQuery) } }] } };
}

/** What `countsAggregation` answers, by position. */
export function readCounts(aggregation: unknown, length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const bucket of bucketsOf(aggregation)) counts[Number(bucket.key)] = Number(bucket.doc_count);
  return counts;
}

export interface Bucket {
  readonly key: string | number;
  readonly doc_count: number;
  readonly [name: string]: unknown;
}

export function bucketsOf(aggregation: unknown): readonly Bucket[] {
  return (aggregation as { buckets?: Bucket[] } | undefined)?.buckets ?? [];
}
