import { ElasticsearchError, illegalArgument, unsupported } from '../elasticsearch-error';
import { Double } from '../raw-json';
import { type Bitmap, BLOCK_SIZE, countBits, setOffsets } from '../storage/block-bitmap';

/** Computes one aggregation over blocks of matching documents, in any order of shards. */
export interface Aggregator {
  readonly name: string;
  /** Sees every document of the view instead of those that match the query. */
  readonly isGlobal: boolean;
  add(firstSeq: number, bitmap: Bitmap): void;
  result(): Record<string, unknown>;
}

type Json = Record<string, unknown>;

const MAX_BUCKETS = 65_536;

/** Reads the aggregations of a search: `range`, `histogram`, `max`, `min`, `value_count` of `_seq_no`, and `global`. */
export function parseAggregations(given: unknown): Aggregator[] {
  if (given === undefined || given === null) return [];
  return Object.entries(given as Json).map(([name, definition]) => parseOne(name, (definition ?? {}) as Json));
}

function parseOne(name: string, definition: Json): Aggregator {
  const nested = definition['aggs'] ?? definition['aggregations'];
  const types = Object.keys(definition).filter((key) => key !== 'aggs' && key !== 'aggregations' && key !== 'meta');
  const type = types[0];
  if (type === undefined || types.length > 1) {
    throw illegalArgument(`Missing or ambiguous definition for aggregation [${name}]`);
  }
  const body = (definition[type] ?? {}) as Json;
  if (type === 'global') return globalAggregator(name, parseAggregations(nested));
  if (nested !== undefined && type !== 'histogram' && type !== 'range')
    throw unsupported(`aggregations inside [${type}]`);
  if (!['range', 'histogram', 'max', 'min', 'value_count'].includes(type)) {
    throw unsupported(`the aggregation [${type}]`);
  }
  if (body['field'] !== '_seq_no') throw unsupported(`aggregations on fields other than [_seq_no]`);
  if (type === 'range') return rangeAggregator(name, body, sumsIn(nested));
  if (type === 'histogram') return histogramAggregator(name, body, sumsIn(nested));
  return metricAggregator(name, type);
}

function globalAggregator(name: string, inner: readonly Aggregator[]): Aggregator {
  let count = 0;
  return {
    name,
    isGlobal: true,
    add(firstSeq, bitmap) {
      count += countBits(bitmap);
      for (const aggregator of inner) aggregator.add(firstSeq, bitmap);
    },
    result: () => ({
      doc_count: count,
      ...Object.fromEntries(inner.map((aggregator) => [aggregator.name, aggregator.result()])),
    }),
  };
}

function metricAggregator(name: string, type: string): Aggregator {
  let least: number | undefined;
  let most: number | undefined;
  let count = 0;
  return {
    name,
    isGlobal: false,
    add(firstSeq, bitmap) {
      const inBlock = countBits(bitmap);
      if (inBlock === 0) return;
      count += inBlock;
      const offsets = setOffsets(bitmap);
      least = Math.min(least ?? Infinity, firstSeq + (offsets[0] as number));
      most = Math.max(most ?? -1, firstSeq + (offsets.at(-1) as number));
    },
    result() {
      if (type === 'value_count') return { value: count };
      const value = type === 'max' ? most : least;
      return { value: value === undefined ? null : new Double(value) };
    },
  };
}

interface RangeBucket {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

const boundText = (bound: number): string => (Number.isFinite(bound) ? new Double(bound).toString() : '*');

function parseBucket(given: Json): RangeBucket {
  const bound = (name: string, fallback: number): number => {
    const value = given[name];
    if (value === undefined || value === null) return fallback;
    if (Number.isNaN(Number(value))) throw illegalArgument(`[range] failed to parse field [${name}]`);
    return Number(value);
  };
  const [from, to] = [bound('from', -Infinity), bound('to', Infinity)];
  return { key: String(given['key'] ?? `${boundText(from)}-${boundText(to)}`), from, to };
}

/**
 * Counts once per interval between neighbouring bounds and adds the intervals up at the end, so that overlapping
 * ranges, and thousands of them, cost no more than the blocks they cover.
 */
function rangeAggregator(name: string, body: Json, sumNames: readonly string[]): Aggregator {
  if (!Array.isArray(body['ranges']) || body['ranges'].length === 0) {
    throw illegalArgument(`No [ranges] specified for the [${name}] aggregation`);
  }
  const buckets = (body['ranges'] as Json[]).map(parseBucket).sort((a, b) => a.from - b.from || a.to - b.to);
  const bounds = [...new Set(buckets.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const counts = new Float64Array(bounds.length);
  const sums = new Float64Array(bounds.length);
  return {
    name,
    isGlobal: false,
    add(firstSeq, bitmap) {
      for (const at of sumNames.length > 0 ? setOffsets(bitmap) : []) {
        const place = lastAtOrBelow(bounds, firstSeq + at);
        if (place >= 0) (sums[place] as number) += firstSeq + at;
      }
      let interval = lastAtOrBelow(bounds, firstSeq);
      let from = 0;
      while (from < BLOCK_SIZE) {
        const next = bounds[interval + 1] ?? Infinity;
        const to = Math.min(BLOCK_SIZE, Math.ceil(next) - firstSeq);
        if (interval >= 0 && to > from) (counts[interval] as number) += countBits(bitmap, from, to);
        from = Math.max(from, to);
        interval++;
      }
    },
    result() {
      const upTo = (values: Float64Array): Map<number, number> => {
        let all = 0;
        return new Map(bounds.map((bound, i) => [bound, (all += values[i] as number) - (values[i] as number)]));
      };
      const [below, sumsBelow] = [upTo(counts), upTo(sums)];
      const between = (values: ReadonlyMap<number, number>, from: number, to: number): number =>
        to > from ? (values.get(to) as number) - (values.get(from) as number) : 0;
      const entries = buckets.map(({ key, from, to }) => ({
        key,
        ...(Number.isFinite(from) ? { from: new Double(from) } : {}),
        ...(Number.isFinite(to) ? { to: new Double(to) } : {}),
        doc_count: between(below, from, to),
        ...Object.fromEntries(sumNames.map((sum) => [sum, { value: new Double(between(sumsBelow, from, to)) }])),
      }));
      if (body['keyed'] !== true) return { buckets: entries };
      return { buckets: Object.fromEntries(entries.map(({ key, ...bucket }) => [key, bucket])) };
    },
  };
}

/** Position of the largest bound that is not above `value`; -1 for none. */
function lastAtOrBelow(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Names of the sums of sequence numbers that each bucket is to carry, the only aggregations inside of buckets. */
function sumsIn(nested: unknown): string[] {
  return Object.entries((nested ?? {}) as Record<string, Json>).map(([name, definition]) => {
    const { sum, ...others } = definition;
    if (Object.keys(others).length > 0 || (sum as Json | undefined)?.['field'] !== '_seq_no') {
      throw unsupported('aggregations inside of buckets other than the [sum] of [_seq_no]');
    }
    return name;
  });
}

function histogramAggregator(name: string, body: Json, sumNames: readonly string[]): Aggregator {
  const interval = Number(body['interval']);
  const offset = Number(body['offset'] ?? 0);
  const least = Number(body['min_doc_count'] ?? 0);
  if (!(interval > 0)) throw illegalArgument(`[interval] must be >0 for histogram aggregation [${name}]`);
  const counts = new Map<number, number>();
  const sums = new Map<number, number>();
  return {
    name,
    isGlobal: false,
    add(firstSeq, bitmap) {
      for (const at of sumNames.length > 0 ? setOffsets(bitmap) : []) {
        const bucket = Math.floor((firstSeq + at - offset) / interval);
        sums.set(bucket, (sums.get(bucket) ?? 0) + firstSeq + at);
      }
      let from = 0;
      while (from < BLOCK_SIZE) {
        const bucket = Math.floor((firstSeq + from - offset) / interval);
        const end = Math.ceil((bucket + 1) * interval + offset) - firstSeq;
        const to = Math.min(BLOCK_SIZE, Math.max(end, from + 1));
        const count = countBits(bitmap, from, to);
        if (count > 0) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
        from = to;
      }
      if (counts.size > MAX_BUCKETS) throw tooManyBuckets();
    },
    result() {
      const keys = [...counts.keys()].sort((a, b) => a - b);
      const [first, last] = [keys[0], keys.at(-1)];
      const all = first === undefined || last === undefined || least > 0 ? keys : fill(first, last);
      const entries = all
        .map((bucket) => ({
          key: new Double(bucket * interval + offset),
          doc_count: counts.get(bucket) ?? 0,
          ...Object.fromEntries(sumNames.map((sum) => [sum, { value: new Double(sums.get(bucket) ?? 0) }])),
        }))
        .filter((bucket) => bucket.doc_count >= least);
      if (body['keyed'] !== true) return { buckets: entries };
      return { buckets: Object.fromEntries(entries.map((bucket) => [bucket.key.toString(), bucket])) };
    },
  };
}

function fill(first: number, last: number): number[] {
  if (last - first + 1 > MAX_BUCKETS) throw tooManyBuckets();
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

const tooManyBuckets = (): ElasticsearchError =>
  new ElasticsearchError(
    'too_many_buckets_exception',
    `Trying to create too many buckets. Must be less than or equal to: [${MAX_BUCKETS}] but this number of buckets ` +
      'was exceeded. This limit can be set by changing the [search.max_buckets] cluster level setting.',
    400,
    { max_buckets: MAX_BUCKETS },
  );
