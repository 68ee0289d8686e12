import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { ResponseTooLargeError } from '../http/cluster-http';
import { DOCUMENT_MAX_BYTES, PAGE_MAX_BYTES, type ShardTarget } from './document-reader';
import { type Counted, cutTo, PagePlan } from './page-plan';
import { documentsBody } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/** Page requests of one range in flight: enough to keep a cluster busy while a page is worked on. */
const PAGES_IN_FLIGHT = 3;

interface Slot extends Counted {
  response: Promise<Buffer | Error> | undefined;
}

/**
 * The documents of a range as search responses, in order, the next ones fetched while one is worked on. `known` is the
 * number of live documents, where the caller counted them.
 */
export async function* readPages(
  searches: ShardSearches,
  searcher: ShardSearcher,
  target: ShardTarget,
  range: SeqNoRange,
  options: { known?: number; signal?: AbortSignal } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  // Somebody else who reads the index may learn a lower limit: what was planned with the former one has to be refused,
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
        // The index allows fewer documents a search than planned: cut what was planned, and go on with less.
        pageDocuments = searcher.pageDocuments;
        plan.cutTo(pageDocuments);
        const cut = slots.flatMap((slot) => cutTo(slot, pageDocuments));
        slots.splice(0, slots.length, ...cut.map((part) => ({ ...part, response: undefined })));
        continue;
      }
      slots.shift();
      plan.sawPage(head.documents, page.length);
      yield page;
    }
  } finally {
    stop.abort();
  }
}

/** More than was counted, so that a range which grew (what must not happen) shows it instead of hiding documents. */
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
    `The document with sequence number ${seqNo} of [${target.index}][${target.shard}] is larger than ${DOCUMENT_MAX_BYTES} bytes`,
    { details: { index: target.index, shard: target.shard, seqNo } },
  );
}
