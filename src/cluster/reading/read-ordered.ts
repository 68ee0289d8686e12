import { type Page } from '../../documents/page';
import { type LastingView, type OrderedRequest, type ShardTarget } from './document-reader';
import { fetchAhead } from './fetch-ahead';
import { type OrderedFacts, readFacts } from './ordered-facts';
import { RunPages } from './ordered-runs';
import { WindowPages } from './ordered-windows';
import { type ShardSearches } from './shard-search';

/**
 * Document numbers without a document, per number, above which documents are listed first. One of them makes a page of
 * thousands of documents several times more expensive; to list costs about a tenth of reading.
 */
const MOST_GAPS = 1 / 100_000;
/** Documents that nobody wants, per document, above which documents are listed first: reading them is waste. */
const MOST_UNWANTED = 1 / 20;

/** Reads documents of a view in document order, as `DocumentReader.readOrdered` promises. */
export async function* readOrdered(
  searches: ShardSearches,
  target: ShardTarget,
  view: Pick<LastingView, 'id'>,
  request: OrderedRequest,
  signal?: AbortSignal,
): AsyncGenerator<Page, void, undefined> {
  if (request.to <= request.from) return;
  const searcher = searches.pointInTime(target, view.id);
  const facts = await readFacts(searcher, request.numbers, signal);
  if (request.skip === undefined && isWhole(facts)) {
    const windows = new WindowPages(searches, searcher, target, request, facts.end);
    for await (const { page, body } of fetchAhead(searches, target, windows, signal)) {
      yield { body, ordered: windows.hitsOf(page, body) };
    }
  } else {
    const runs = new RunPages(searches, searcher, target, request);
    for await (const { page, body } of fetchAhead(searches, target, runs, signal)) {
      yield { body, ordered: runs.hitsOf(page) };
    }
  }
}

/** Returns whether nearly all document numbers are of wanted documents. */
function isWhole({ end, live, wanted }: OrderedFacts): boolean {
  return end - live <= end * MOST_GAPS && live - wanted <= live * MOST_UNWANTED;
}
