import { type SeqNoRange } from '../../contracts/seq-no';
import { countsAggregation, highestNumberBody, MAX_SEQ_NO_AGGREGATION, readCounts } from './search-body';
import { type ShardSearcher } from './shard-search';

/** What a view tells of its documents at once. */
export interface OrderedFacts {
  /** One past the highest document number; 0 if there are no documents. */
  readonly end: number;
  /** Live documents. Nested ones have numbers but do not count. */
  readonly live: number;
  /** Live documents with wanted sequence numbers. */
  readonly wanted: number;
  /** The highest sequence number of a live document; -1 if there are none. */
  readonly maxSeqNo: number;
}

const FACTS_ONLY =
  'timed_out,_shards,hits.total,hits.hits.sort,aggregations.max.value,aggregations.ranges.buckets.key,aggregations.ranges.buckets.doc_count';

/** Counts the documents of a view and those with sequence numbers in `numbers`. */
export async function readFacts(
  searcher: ShardSearcher,
  numbers: SeqNoRange,
  signal?: AbortSignal,
): Promise<OrderedFacts> {
  const body = await searcher.search(
    highestNumberBody({ max: MAX_SEQ_NO_AGGREGATION, ranges: countsAggregation([numbers]) }),
    {
      filterPath: FACTS_ONLY,
      signal,
    },
  );
  const { hits, aggregations } = JSON.parse(body.toString('utf8')) as {
    hits?: { total?: { value: number }; hits?: { sort: number[] }[] };
    aggregations?: { max?: { value?: number | null }; ranges?: unknown };
  };
  const highest = hits?.hits?.[0]?.sort[0];
  return {
    end: highest === undefined ? 0 : highest + 1,
    live: hits?.total?.value ?? 0,
    wanted: readCounts(aggregations?.ranges, 1)[0]!,
    maxSeqNo: aggregations?.max?.value ?? -1,
  };
}
