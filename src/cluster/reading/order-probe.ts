/**
 * Compares what it costs a cluster to read documents in document order and by sequence numbers. That depends on the
 * codec, the segments, the writers and the deleted documents of the shard, of which no request tells.
 */
import { type SeqNoRange } from '../../contracts/seq-no';
import { scanHits } from '../../documents/scan-hits';
import { ResponseTooLargeError } from '../http/cluster-http';
import { PAGE_MAX_BYTES, PAGE_TARGET_BYTES, type ShardTarget } from './document-reader';
import { type OrderedFacts } from './ordered-facts';
import { type DocumentList, listDocuments } from './ordered-list';
import { cutRuns } from './runs';
import { documentsBody, orderedBody } from './search-body';
import { type PointInTimeSearcher, type ShardSearches } from './shard-search';

/** Smallest shard, in documents, for which a probe and a view of its own pay. */
const LEAST_DOCUMENTS = 50_000;
/** Documents per sample: the time of fewer is not measurable in ms, and more cost more than a probe may. */
const SAMPLE_DOCUMENTS = 1_000;
/** The places of the samples, as shares of the view. */
const PLACES = [0.3, 0.7];
/** Reads of each sample. The fastest counts, because others can wait for files or for other requests. */
const TRIES = 3;
/** How much cheaper document order must be: the pages of a snapshot that follow are read by sequence numbers. */
const LEAST_GAIN = 1.5;

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
  facts: OrderedFacts,
  numbers: SeqNoRange,
  signal?: AbortSignal,
): Promise<boolean> {
  let ordered = 0;
  let bySeqNo = 0;
  for (const place of PLACES) {
    const from = Math.floor(facts.end * place);
    const most = Math.max(1, Math.min(SAMPLE_DOCUMENTS, Math.floor(PAGE_TARGET_BYTES / target.bytesPerDocument)));
    const list = await listDocuments(searches, searcher, target.index, from, most, signal);
    if (list.numbers.length === 0) return false;
    const [inOrder, inRange] = await leastTimes([
      () => readRuns(searcher, list, numbers, signal),
      () => readRange(searcher, list, signal),
    ]);
    ordered += inOrder;
    bySeqNo += inRange;
  }
  return bySeqNo >= LEAST_GAIN * ordered;
}

/** The answer to one read of a sample. */
interface Sample {
  readonly body: Buffer;
  readonly documents: number;
}

/** Returns the least time per document, in ms, of each kind of read. */
async function leastTimes<const Reads extends readonly (() => Promise<Sample>)[]>(
  reads: Reads,
): Promise<{ [K in keyof Reads]: number }> {
  const least = reads.map(() => Infinity);
  // By turns, so that a busy moment of the cluster does not slow one kind only.
  for (let i = 0; i < TRIES; i++) {
    for (const [kind, read] of reads.entries()) {
      const { body, documents } = await read();
      least[kind] = Math.min(least[kind]!, Math.max(1, tookMillis(body)) / Math.max(1, documents));
    }
  }
  return least as { [K in keyof Reads]: number };
}

/** Returns the time that the cluster took, which precedes the hits. */
function tookMillis(body: Buffer): number {
  return Number(/"took":(\d+)/.exec(body.toString('latin1', 0, HEAD_BYTES))?.[1] ?? 0);
}

/** Bytes in which `took` is found; the id of the view can precede it. */
const HEAD_BYTES = 8_192;

async function readRuns(
  searcher: PointInTimeSearcher,
  list: DocumentList,
  numbers: SeqNoRange,
  signal?: AbortSignal,
): Promise<Sample> {
  const runs = cutRuns(list, (i) => list.seqNos[i]! >= numbers.from && list.seqNos[i]! < numbers.to);
  if (runs.length === 0) return { body: Buffer.alloc(0), documents: 0 };
  const bodies = runs.map(({ start, end }) => orderedBody(list.numbers[start]! - 1, end - start, searcher.source));
  const documents = runs.reduce((sum, { start, end }) => sum + end - start, 0);
  return { body: await searcher.searchAll(bodies, { maxBytes: PAGE_MAX_BYTES, signal }), documents };
}

/** Reads the sequence numbers around the median of the list. */
async function readRange(
  searcher: PointInTimeSearcher,
  { seqNos }: DocumentList,
  signal?: AbortSignal,
): Promise<Sample> {
  const size = seqNos.length;
  const from = Math.max(0, seqNos.slice().sort()[size >> 1]! - (size >> 1));
  const body = await searcher.search(documentsBody({ from, to: from + size }, size, searcher.source, {}), {
    maxBytes: PAGE_MAX_BYTES,
    signal,
  });
  return { body, documents: scanHits(body).count };
}
