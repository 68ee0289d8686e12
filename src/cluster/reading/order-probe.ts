/**
 * Compares what it costs a cluster to read documents in document order and by sequence numbers. That depends on the
 * codec, the segments, the writers and the deleted documents of the shard, of which no request tells.
 */
import { type SeqNoRange } from '../../contracts/seq-no';
import { scanHits } from '../../documents/scan-hits';
import { ResponseTooLargeError } from '../http/cluster-http';
import { PAGE_MAX_BYTES, type ShardTarget } from './document-reader';
import { type OrderedFacts } from './ordered-facts';
import { type DocumentList, listDocuments } from './ordered-list';
import { PageSize } from './page-size';
import { cutRuns } from './runs';
import { documentsBody, MAX_PAGE_DOCUMENTS, orderedBody } from './search-body';
import { type PointInTimeSearcher, type ShardSearches } from './shard-search';

/** Smallest shard, in documents, for which a probe and a view of its own pay. */
const LEAST_DOCUMENTS = 50_000;
/** Documents of the shard per sample. A sample is a page of some thousand documents, read in both ways. */
const DOCUMENTS_PER_SAMPLE = 50_000;
const LEAST_SAMPLES = 2;
/** Often only one page in three spans two segments and is expensive. So many samples hit one nearly always. */
const MOST_SAMPLES = 8;
/** How much cheaper document order must be: the view, the probe and lists of documents cost something too. */
const LEAST_GAIN = 1.5;
/** The gain at which more samples would not change the result; where nothing is gained, samples are cheap. */
const CLEAR_GAIN = 2;

/** Returns whether reading the wanted documents of a view in document order is clearly cheaper. */
export async function orderPays(
  searches: ShardSearches,
  searcher: PointInTimeSearcher,
  target: ShardTarget,
  facts: OrderedFacts,
  numbers: SeqNoRange,
  signal?: AbortSignal,
): Promise<boolean> {
  if (facts.wanted < LEAST_DOCUMENTS) return false;
  try {
    return await isCheaper(searches, searcher, target, facts, numbers, signal);
  } catch (error) {
    if (error instanceof ResponseTooLargeError) return false;
    throw error;
  }
}

async function isCheaper(
  searches: ShardSearches,
  searcher: PointInTimeSearcher,
  target: ShardTarget,
  { end, wanted, maxSeqNo }: OrderedFacts,
  numbers: SeqNoRange,
  signal?: AbortSignal,
): Promise<boolean> {
  const most = Math.min(MAX_PAGE_DOCUMENTS, new PageSize(target.bytesPerDocument).documents);
  const samples = Math.min(MOST_SAMPLES, Math.max(LEAST_SAMPLES, Math.floor(wanted / DOCUMENTS_PER_SAMPLE)));
  let ordered = 0;
  let bySeqNo = 0;
  for (let i = 0; i < samples; i++) {
    const place = (i + 0.5) / samples;
    const list = await listDocuments(searches, searcher, target.index, Math.floor(end * place), most, signal);
    const span = Math.min(numbers.to, maxSeqNo + 1) - numbers.from;
    const from = numbers.from + Math.floor(span * place);
    const size = Math.min(searcher.pageDocuments, most);
    const inOrder = async (): Promise<void> => void (ordered += await timeOfRuns(searcher, list, numbers, signal));
    const inRange = async (): Promise<void> => void (bySeqNo += await timeOfRange(searcher, from, size, signal));
    // The first read can wait for the disk, the second finds the same blocks in memory.
    for (const read of i % 2 === 0 ? [inOrder, inRange] : [inRange, inOrder]) await read();
    if (i + 1 >= LEAST_SAMPLES && bySeqNo >= CLEAR_GAIN * ordered) return true;
  }
  return bySeqNo >= LEAST_GAIN * ordered;
}

/** Returns the time per document, in ms, of reading listed documents in document order. */
async function timeOfRuns(
  searcher: PointInTimeSearcher,
  list: DocumentList,
  numbers: SeqNoRange,
  signal?: AbortSignal,
): Promise<number> {
  const runs = cutRuns(list, (i) => list.seqNos[i]! >= numbers.from && list.seqNos[i]! < numbers.to);
  if (runs.length === 0) return 0;
  const bodies = runs.map(({ start, end }) => orderedBody(list.numbers[start]! - 1, end - start, searcher.source));
  const documents = runs.reduce((sum, { start, end }) => sum + end - start, 0);
  return tookMillis(await searcher.searchAll(bodies, { maxBytes: PAGE_MAX_BYTES, signal })) / documents;
}

/** Returns the time per document, in ms, of reading `size` sequence numbers. */
async function timeOfRange(
  searcher: PointInTimeSearcher,
  from: number,
  size: number,
  signal?: AbortSignal,
): Promise<number> {
  const body = await searcher.search(documentsBody({ from, to: from + size }, size, searcher.source, {}), {
    maxBytes: PAGE_MAX_BYTES,
    signal,
  });
  return tookMillis(body) / Math.max(1, scanHits(body).count);
}

/** Returns the time that the cluster took. It precedes the hits; the id of the view can precede it. */
function tookMillis(body: Buffer): number {
  const took = /"took":(\d+)/.exec(body.toString('latin1', 0, 8_192));
  return Math.max(1, Number(took?.[1] ?? 0));
}
