import { SnapkeepError } from '../../contracts/errors';
import { ResponseTooLargeError } from '../http/cluster-http';
import { DOCUMENT_MAX_BYTES, PAGE_MAX_BYTES, type ShardTarget } from './document-reader';
import { type PageSize } from './page-size';
import { type ShardSearches } from './shard-search';

/** Concurrent page requests of one range: enough to keep a cluster busy while the caller processes a page. */
const PAGES_IN_FLIGHT = 3;

/** Plans pages of one kind and requests them. */
export interface PageSource<P> {
  readonly size: PageSize;
  /** Returns the next page; undefined at the end. */
  next(signal: AbortSignal): Promise<P | undefined>;
  /** Requests a page. Must ask for the whole page, so that a page too wide is refused, not answered in part. */
  fetch(page: P, maxBytes: number, signal: AbortSignal): Promise<Buffer>;
  /** Returns the documents of a page, as far as they are known. */
  documentsOf(page: P): number;
  /** Returns a page as two; undefined if it is one document. */
  halves(page: P): readonly P[] | undefined;
  /** Returns the pages fitted to the documents that a search may return now. */
  fit(pages: readonly P[]): readonly P[];
  /** Returns the sequence number of a page that is one document. */
  seqNoOf(page: P, signal: AbortSignal): Promise<number>;
}

interface Slot<P> {
  readonly page: P;
  response: Promise<Buffer | Error> | undefined;
}

/**
 * Reads pages in order and fetches some ahead. Throws `document_too_large` when a document is larger than
 * {@link DOCUMENT_MAX_BYTES}.
 */
export async function* fetchAhead<P>(
  searches: ShardSearches,
  target: ShardTarget,
  source: PageSource<P>,
  given?: AbortSignal,
): AsyncGenerator<{ readonly page: P; readonly body: Buffer }, void, undefined> {
  const stop = new AbortController();
  const signal = given ? AbortSignal.any([given, stop.signal]) : stop.signal;
  const slots: Slot<P>[] = [];
  const replace = (count: number, pages: readonly P[]): void => {
    slots.splice(0, count, ...pages.map((page) => ({ page, response: undefined })));
  };
  const start = (page: P, maxBytes: number): Promise<Buffer | Error> =>
    source
      .fetch(page, maxBytes, signal)
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));

  try {
    for (;;) {
      while (slots.length < PAGES_IN_FLIGHT) {
        const page = await source.next(signal);
        if (page === undefined) break;
        slots.push({ page, response: undefined });
      }
      for (const slot of slots.slice(0, PAGES_IN_FLIGHT)) slot.response ??= start(slot.page, PAGE_MAX_BYTES);
      const head = slots[0];
      if (!head) return;
      const { page } = head;
      let body = await (head.response as Promise<Buffer | Error>);
      if (body instanceof ResponseTooLargeError) {
        source.size.sawTooLarge(source.documentsOf(page), PAGE_MAX_BYTES);
        const halves = source.halves(page);
        if (halves !== undefined) {
          replace(1, halves);
          continue;
        }
        body = await start(page, DOCUMENT_MAX_BYTES);
        if (body instanceof ResponseTooLargeError) throw documentTooLarge(target, await source.seqNoOf(page, signal));
      }
      if (body instanceof Error) {
        if (!searches.learnWindow(target.index, body)) throw body;
        const planned = slots.map((slot) => slot.page);
        replace(slots.length, source.fit(planned));
        continue;
      }
      slots.shift();
      source.size.sawPage(source.documentsOf(page), body.length);
      yield { page, body };
    }
  } finally {
    stop.abort();
  }
}

function documentTooLarge(target: ShardTarget, seqNo: number): SnapkeepError {
  return new SnapkeepError(
    'document_too_large',
    `the document with sequence number ${seqNo} of [${target.index}][${target.shard}] is larger than ${DOCUMENT_MAX_BYTES} bytes`,
    { details: { index: target.index, shard: target.shard, seqNo } },
  );
}
