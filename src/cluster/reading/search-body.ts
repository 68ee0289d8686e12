/** Builds the search requests that read a shard. */
import { type SeqNoRange } from '../../contracts/seq-no';

/** Most documents that one search returns, unless `index.max_result_window` allows fewer. */
export const MAX_PAGE_DOCUMENTS = 10_000;
/** Buckets per aggregation; clusters allow 65,535 per response (`search.max_buckets`). */
export const MAX_BUCKETS = 5_000;
/** Clauses per query; clusters allow 1,024 by default. */
export const MAX_CLAUSES = 500;

/** Additional members of a search. */
type ExtraParts = Readonly<Record<string, unknown>>;

type Json = Record<string, unknown>;

/** Asks for the documents of a range, ascending by `_seq_no`; `source` is the dialect's value of `_source`. */
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

/** Asks for the last documents of a range, descending by `_seq_no`, and for aggregations over the whole shard. */
export function lastDocumentsBody(range: SeqNoRange, size: number, source: unknown, aggs: Json | undefined): Json {
  return {
    ...documentsBody(range, size, source, {}),
    sort: [{ _seq_no: 'desc' }],
    ...(aggs ? { aggs: { shard: { global: {}, aggs } } } : {}),
  };
}

/** Asks for the sequence numbers of the live documents of some ranges: ascending, as sort values. */
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

/** Asks for the documents that follow document number `after` in a view, in document order. */
export function orderedBody(after: number, size: number, source: unknown): Json {
  return {
    size,
    sort: ['_doc'],
    search_after: [after],
    version: true,
    seq_no_primary_term: true,
    _source: source,
    track_total_hits: false,
  };
}

/** Asks for document numbers and sequence numbers, as sort values, of what follows document number `after`. */
export function orderedListBody(after: number, size: number): Json {
  return {
    size,
    sort: ['_doc', '_seq_no'],
    search_after: [after, Number.MAX_SAFE_INTEGER],
    _source: false,
    stored_fields: '_none_',
    track_total_hits: false,
  };
}

/** Asks for the highest document number, as sort value, and for the number of all documents. */
export function highestNumberBody(aggs: Json): Json {
  return {
    size: 1,
    sort: [{ _doc: 'desc' }],
    _source: false,
    stored_fields: '_none_',
    track_total_hits: true,
    aggs,
  };
}

/** Asks for aggregations without documents. */
export function aggregationBody(aggs: Json, query: Json | undefined, extra: ExtraParts): Json {
  return { size: 0, track_total_hits: false, ...(query ? { query } : {}), aggs, ...extra };
}

/** Counts live documents per range. Buckets are sorted by their bounds, so that the key holds the position. */
export function countsAggregation(ranges: readonly SeqNoRange[], aggs?: Json): Json {
  return {
    range: { field: '_seq_no', ranges: ranges.map(({ from, to }, k) => ({ key: String(k), from, to })) },
    ...(aggs ? { aggs } : {}),
  };
}

/** Counts live documents per `interval` sequence numbers, from `from` on; empty buckets are left out. */
export function histogramAggregation(from: number, interval: number, aggs?: Json): Json {
  return {
    histogram: { field: '_seq_no', interval, offset: from % interval, min_doc_count: 1 },
    ...(aggs ? { aggs } : {}),
  };
}

/** Sums up sequence numbers; exact below 2^53. */
export const SUM_AGGREGATION: Json = { sum: { field: '_seq_no' } };

/** Finds the highest sequence number. */
export const MAX_SEQ_NO_AGGREGATION: Json = { max: { field: '_seq_no' } };

/** Matches the documents with sequence numbers in a range. */
export function rangeQuery({ from, to }: SeqNoRange): Json {
  return { range: { _seq_no: { gte: from, lt: to } } };
}

/** Matches ascending ranges; if they are too many for a query, one range that covers them all. */
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

/** Reads the answer of `countsAggregation`, by position. */
export function readCounts(aggregation: unknown, length: number): number[] {
  const counts = new Array<number>(length).fill(0);
  for (const bucket of bucketsOf(aggregation)) counts[Number(bucket.key)] = Number(bucket.doc_count);
  return counts;
}

/** One bucket of an aggregation. */
interface Bucket {
  readonly key: string | number;
  readonly doc_count: number;
  readonly [name: string]: unknown;
}

/** Returns the buckets of an aggregation; none if the answer has no aggregation. */
export function bucketsOf(aggregation: unknown): readonly Bucket[] {
  return (aggregation as { buckets?: Bucket[] } | undefined)?.buckets ?? [];
}
