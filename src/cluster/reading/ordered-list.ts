import { orderedListBody } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/** The live documents of a stretch of a view, in document order. */
export interface DocumentList {
  /** Document numbers, ascending. */
  readonly numbers: Float64Array;
  /** The sequence number of each document. */
  readonly seqNos: Float64Array;
  /** Whether the view has no documents after these. */
  readonly last: boolean;
}

const NUMBERS_ONLY = 'timed_out,_shards,hits.hits.sort';

/** Lists the documents from document number `from` on, at most `most`. */
export async function listDocuments(
  searches: ShardSearches,
  searcher: ShardSearcher,
  index: string,
  from: number,
  most: number,
  signal?: AbortSignal,
): Promise<DocumentList> {
  for (;;) {
    const size = Math.min(most, searcher.pageDocuments);
    try {
      const body = await searcher.search(orderedListBody(from - 1, size), { filterPath: NUMBERS_ONLY, signal });
      const { hits } = JSON.parse(body.toString('utf8')) as { hits?: { hits?: { sort: [number, number] }[] } };
      const sorts = hits?.hits?.map(({ sort }) => sort) ?? [];
      return {
        numbers: Float64Array.from(sorts, ([number]) => number),
        seqNos: Float64Array.from(sorts, ([, seqNo]) => seqNo),
        last: sorts.length < size,
      };
    } catch (error) {
      if (!searches.learnWindow(index, error)) throw error;
    }
  }
}
