import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Page } from '../../documents/page';
import { ResponseTooLargeError } from '../http/cluster-http';
import { DOCUMENT_MAX_BYTES, PAGE_MAX_BYTES, type ShardTarget } from './document-reader';
import { type Counted, cutTo, PagePlan } from './page-plan';
import { documentsBody } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/** Concurrent page requests of one range: enough to keep a cluster busy while the caller processes a page. */
const PAGES_IN_FLIGHT = 3;

interface Slot extends Counted {
  response: Promise<Buffer | Error> | undefined;
}

/**
 * Reads the documents of a range as search responses, in order, and fetches pages ahead. Throws `document_too_large`
 * when a document is larger than {@link DOCUMENT_MAX_BYTES}.
 *
 * @param options `known` is the number of live documents, if the caller counted them.
 */
export async function* readPages(
  searches: ShardSearches,
  searcher: ShardSearcher,
  target: ShardTarget,
  range: SeqNoRange,
  options: { known?: number; signal?: AbortSignal } = {},
): AsyncGenerator<Page, void, undefined> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  // Another reader of the index can learn a lower limit. Pages that were planned with the former limit must be refused,
  // not answered in part.
  let pageDocuments = searcher.pageDocuments;
  const planned: ShardSearcher = {
    source: searcher.source,
    get pageDocuments() {
      return pageDocuments;
    },
    search: (body, options) => searcher.search(body, options),
  };
  const plan = new PagePlan(searches, planned, range, target.bytesPerDocument, options.known);
  const slots: Slot[] = [];

  const start = (slot: Slot, maxBytes: number): Promise<Buffer | Error> =>
    searcher
      .search(documentsBody(slot, pageSize(planned, slot), planned.source, {}), {
        maxBytes,
        expectedBytes: slot.documents * target.bytesPerDocument,
        signal,
      })
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

  try {
    for (;;) {
      while (slots.length < PAGES_IN_FLIGHT) {
        const next = await plan.next(signal);
        if (!next) break;
        slots.push({ ...next, response: undefined });
      }
      for (const slot of slots.slice(0, PAGES_IN_FLIGHT)) slot.response ??= start(slot, PAGE_MAX_BYTES);
      const head = slots[0];
      if (!head) return;
      let page = await (head.response as Promise<Buffer | Error>);
      if (page instanceof ResponseTooLargeError) {
        plan.sawTooLarge(head.documents, PAGE_MAX_BYTES);
        if (head.to - head.from > 1) {
          slots.splice(0, 1, ...halves(head).map((half) => ({ ...half, response: undefined })));
          continue;
        }
        page = await start(head, DOCUMENT_MAX_BYTES);
        if (page instanceof ResponseTooLargeError) throw documentTooLarge(target, head.from);
      }
      if (page instanceof Error) {
        if (!searches.learnWindow(target.index, page)) throw page;
        // The index allows fewer documents per search than planned: cut the planned pages and continue.
        pageDocuments = searcher.pageDocuments;
        plan.cutTo(pageDocuments);
        const cut = slots.flatMap((slot) => cutTo(slot, pageDocuments));
        slots.splice(0, slots.length, ...cut.map((part) => ({ ...part, response: undefined })));
        continue;
      }
      slots.shift();
      plan.sawPage(head.documents, page.length);
      yield { body: page };
    }
  } finally {
    stop.abort();
  }
}

/** Asks for more documents than counted. If a range grew, which must not happen, the page then shows it. */
function pageSize(searcher: ShardSearcher, page: Counted): number {
  return Math.min(searcher.pageDocuments, page.to - page.from);
}

function halves({ from, to, documents }: Counted): Counted[] {
  const middle = from + Math.floor((to - from) / 2);
  const half = Math.ceil(documents / 2);
  return [
    { from, to: middle, documents: half },
    { from: middle, to, documents: half },
  ];
}

function documentTooLarge(target: ShardTarget, seqNo: number): SnapkeepError {
  return new SnapkeepError(
    'document_too_large',
    `the document with sequence number ${seqNo} of [${target.index}][${target.shard}] is larger than ${DOCUMENT_MAX_BYTES} bytes`,
    { details: { index: target.index, shard: target.shard, seqNo } },
  );
}
