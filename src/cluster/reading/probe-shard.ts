import { findValue, textOf } from '../../documents/scan-json';
import { ResponseTooLargeError } from '../http/cluster-http';
import { DOCUMENT_MAX_BYTES, PAGE_MAX_BYTES, type Probe, type ProbeRequest, type ShardTarget } from './document-reader';
import { bucketsOf, countsAggregation, lastDocumentsBody, MAX_BUCKETS, SUM_AGGREGATION } from './search-body';
import { type ShardSearches } from './shard-search';

type Sums = { readonly count: number; readonly sum: number };

/** Answers `DocumentReader.probe`. */
export async function probeShard(
  searches: ShardSearches,
  target: ShardTarget,
  { ranges, last, documents }: ProbeRequest,
  signal?: AbortSignal,
): Promise<Probe> {
  const searcher = searches.plain(target);
  const sums: Sums[] = [];
  let page: Buffer | undefined;
  let size = Math.min(documents, searcher.pageDocuments);
  while (page === undefined || sums.length < ranges.length) {
    const part = ranges.slice(sums.length, sums.length + searches.buckets(MAX_BUCKETS));
    const aggs = part.length === 0 ? undefined : { ranges: countsAggregation(part, { sum: SUM_AGGREGATION }) };
    // The first answer has the documents; later requests only count.
    const wanted = page === undefined ? size : 0;
    try {
      const body = await searcher.search(lastDocumentsBody(last, wanted, searcher.source, aggs), {
        maxBytes: wanted <= 1 ? DOCUMENT_MAX_BYTES : PAGE_MAX_BYTES,
        signal,
      });
      sums.push(...readSums(body, part.length));
      page ??= body;
    } catch (error) {
      if (error instanceof ResponseTooLargeError && wanted > 1) size = Math.ceil(size / 4);
      else if (searches.learnWindow(target.index, error)) size = Math.min(size, searcher.pageDocuments);
      else if (!searches.learnBuckets(error, part.length)) throw error;
    }
  }
  return { sums, page };
}

function readSums(body: Buffer, length: number): Sums[] {
  const span = length === 0 ? undefined : findValue(body, ['aggregations', 'shard', 'ranges']);
  const sums = new Array<Sums>(length).fill({ count: 0, sum: 0 });
  if (span === undefined) return sums;
  for (const { key, doc_count: count, sum } of bucketsOf(JSON.parse(textOf(body, span)))) {
    sums[Number(key)] = { count, sum: Number((sum as { value?: unknown } | undefined)?.value ?? 0) };
  }
  return sums;
}
