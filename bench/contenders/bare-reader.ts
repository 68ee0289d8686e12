import { type BenchHttp } from '../support/http';
import { inFlight } from '../support/in-flight';
import { inPointInTime } from '../support/point-in-time';
import { elapsed } from '../support/statistics';
import { type Taken } from './contender';

/** How a bare reader goes through a shard. */
interface Way {
  /** The order of documents in a page. */
  readonly order: '_seq_no' | '_doc';
  /** Sequence numbers of one range, which is read page by page; unset: the whole shard is one range. */
  readonly range?: number;
  /** Documents of a page. */
  readonly page: number;
}

/** Pages cut by sequence numbers, each a range of its own. */
export const BY_RANGES: Way = { order: '_seq_no', range: 10_000, page: 10_000 };
/** Ranges in document order: as many documents of a page as possible lie beside each other on disk. */
export const IN_DOC_ORDER: Way = { order: '_doc', range: 65_536, page: 10_000 };
/** As a scroll in `_doc` order reads: one request after the other, the whole shard. */
export const SCROLLING: Way = { order: '_doc', page: 5_000 };
/** The same pages, cut by sequence numbers. */
export const PAGES: Way = { order: '_seq_no', range: 5_000, page: 5_000 };

const IN_FLIGHT = 3;

interface Answer {
  readonly bytes: number;
  readonly documents: number;
  /** Where the next page begins; undefined: there is none. */
  readonly after?: readonly unknown[];
}

/**
 * Does the least that any reader over HTTP has to do: reads every document once, three requests at a time, and ignores
 * the bytes. The time that Snapkeep takes beyond that is its own cost. Throws if a document is missing.
 */
export async function readBare(http: BenchHttp, index: string, shards: number, way: Way): Promise<Taken> {
  let [bytes, documents] = [0, 0];
  const ms = await elapsed(async () => {
    for (let shard = 0; shard < shards; shard++) {
      const read = await readShard(http, { index, shard }, way);
      bytes += read.bytes;
      documents += read.documents;
    }
  });
  const { count } = await http.json<{ count: number }>('GET', `/${index}/_count`);
  if (documents !== count) throw new Error(`read ${documents} of ${count} documents`);
  return { ms, bytes };
}

async function readShard(
  http: BenchHttp,
  place: { index: string; shard: number },
  way: Way,
): Promise<{ bytes: number; documents: number }> {
  return inPointInTime(http, place, async (id) => {
    const { aggregations } = await http.json<{ aggregations: { max: { value: number | null } } }>('POST', '/_search', {
      pit: { id },
      size: 0,
      aggs: { max: { max: { field: '_seq_no' } } },
    });
    const end = (aggregations.max.value ?? -1) + 1;
    const ranges: { from: number; to: number }[] = [];
    const length = way.range ?? Math.max(1, end);
    for (let from = 0; from < end; from += length) ranges.push({ from, to: from + length });
    let [bytes, documents] = [0, 0];
    await inFlight(ranges, IN_FLIGHT, async ({ from, to }) => {
      let after: Answer['after'];
      do {
        const answer = await readPage(http, id, { from, to, after }, way);
        bytes += answer.bytes;
        documents += answer.documents;
        after = answer.after;
      } while (after !== undefined);
    });
    return { bytes, documents };
  });
}

async function readPage(
  http: BenchHttp,
  id: string,
  { from, to, after }: { from: number; to: number; after: Answer['after'] },
  { order, page, range }: Way,
): Promise<Answer> {
  // Without `filter_path`: with it the cluster parses and prints every document again, which doubles the time.
  const answer = await http.bytes(
    'POST',
    '/_search?allow_partial_search_results=false',
    JSON.stringify({
      pit: { id },
      size: page,
      query: range === undefined ? { match_all: {} } : { range: { _seq_no: { gte: from, lt: to } } },
      sort: [{ [order]: 'asc' }],
      version: true,
      seq_no_primary_term: true,
      track_total_hits: false,
      ...(after === undefined ? {} : { search_after: after }),
    }),
  );
  const text = Buffer.from(answer).toString('latin1');
  const documents = countHits(text);
  const complete = documents === page && (range === undefined || range > page);
  return { bytes: answer.byteLength, documents, after: complete ? lastSort(text) : undefined };
}

/** Counts the hits without parsing them; no log document holds the text. */
function countHits(text: string): number {
  return text.split('"_primary_term":').length - 1;
}

/** Returns the sort values of the last hit. */
function lastSort(text: string): unknown[] {
  return JSON.parse(/"sort":(\[[^\]]*\])/.exec(text.slice(text.lastIndexOf('"sort":')))![1]!) as unknown[];
}
