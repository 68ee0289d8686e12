import { type SeqNoRange } from '../../contracts/seq-no';
import { type Page } from '../../documents/page';
import { type ShardTarget } from './document-reader';
import { fetchAhead, type PageSource } from './fetch-ahead';
import { type Counted, cutTo, PagePlan } from './page-plan';
import { PageSize } from './page-size';
import { documentsBody } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/**
 * Reads the documents of a range as search responses, in order, and fetches pages ahead. Throws `document_too_large`
 * when a document is larger than `DOCUMENT_MAX_BYTES`.
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
  const pages = new SeqNoPages(searches, searcher, target, range, options.known);
  for await (const { body } of fetchAhead(searches, target, pages, options.signal)) yield { body };
}

/** Plans pages of ascending sequence numbers. */
class SeqNoPages implements PageSource<Counted> {
  readonly size: PageSize;
  /**
   * Most documents per page. Another reader of the index can learn a lower limit. Pages that were planned with the
   * former limit must be refused, not answered in part.
   */
  private pageDocuments: number;
  private readonly plan: PagePlan;

  constructor(
    searches: ShardSearches,
    private readonly searcher: ShardSearcher,
    target: ShardTarget,
    range: SeqNoRange,
    known?: number,
  ) {
    this.pageDocuments = searcher.pageDocuments;
    const pageDocuments = (): number => this.pageDocuments;
    const planned: ShardSearcher = {
      source: searcher.source,
      get pageDocuments() {
        return pageDocuments();
      },
      search: (body, options) => searcher.search(body, options),
    };
    this.size = new PageSize(target.bytesPerDocument);
    this.plan = new PagePlan(searches, planned, range, this.size, known);
  }

  next(signal: AbortSignal): Promise<Counted | undefined> {
    return this.plan.next(signal);
  }

  fetch(page: Counted, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    // Asks for more documents than counted. If a range grew, which must not happen, the page then shows it.
    const size = Math.min(this.pageDocuments, page.to - page.from);
    const expectedBytes = this.size.bytesOf(page.documents);
    return this.searcher.search(documentsBody(page, size, this.searcher.source, {}), {
      maxBytes,
      expectedBytes,
      signal,
    });
  }

  documentsOf(page: Counted): number {
    return page.documents;
  }

  halves({ from, to, documents }: Counted): Counted[] | undefined {
    if (to - from <= 1) return undefined;
    const middle = from + Math.floor((to - from) / 2);
    const half = Math.ceil(documents / 2);
    return [
      { from, to: middle, documents: half },
      { from: middle, to, documents: half },
    ];
  }

  fit(pages: readonly Counted[]): Counted[] {
    this.pageDocuments = this.searcher.pageDocuments;
    this.plan.cutTo(this.pageDocuments);
    return pages.flatMap((page) => cutTo(page, this.pageDocuments));
  }

  seqNoOf(page: Counted): Promise<number> {
    return Promise.resolve(page.from);
  }
}
