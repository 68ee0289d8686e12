import { SnapkeepError } from '../../contracts/errors';
import { type OrderedHits } from '../../documents/page';
import { type OrderedRequest, type ShardTarget } from './document-reader';
import { type PageSource } from './fetch-ahead';
import { listDocuments } from './ordered-list';
import { PageSize } from './page-size';
import { orderedBody } from './search-body';
import { type ShardSearcher, type ShardSearches } from './shard-search';

/** The document numbers `[from, to)` of a view. */
interface Window {
  readonly from: number;
  readonly to: number;
}

const SORT = Buffer.from(',"sort":[');

/**
 * Plans pages of document numbers for a view without deleted documents. A window needs no answer of the one before, so
 * that several can be fetched concurrently.
 */
export class WindowPages implements PageSource<Window> {
  readonly size: PageSize;
  private at: number;
  private pageDocuments: number;

  /** @param end one past the highest document number of the view. */
  constructor(
    private readonly searches: ShardSearches,
    private readonly searcher: ShardSearcher,
    private readonly target: ShardTarget,
    private readonly request: OrderedRequest,
    private readonly end: number,
  ) {
    this.size = new PageSize(target.bytesPerDocument);
    this.at = request.from;
    this.pageDocuments = searcher.pageDocuments;
  }

  next(): Promise<Window | undefined> {
    const from = this.at;
    if (from >= this.request.to) return Promise.resolve(undefined);
    const width = Math.min(this.size.documents, this.pageDocuments);
    this.at = Math.min(this.request.to, from + width);
    return Promise.resolve({ from, to: this.at });
  }

  fetch({ from, to }: Window, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    return this.searcher.search(orderedBody(from - 1, to - from, this.searcher.source), {
      maxBytes,
      expectedBytes: this.size.bytesOf(to - from),
      signal,
    });
  }

  documentsOf({ from, to }: Window): number {
    return to - from;
  }

  halves({ from, to }: Window): Window[] | undefined {
    if (to - from <= 1) return undefined;
    const middle = from + Math.floor((to - from) / 2);
    return [
      { from, to: middle },
      { from: middle, to },
    ];
  }

  fit(pages: readonly Window[]): Window[] {
    this.pageDocuments = this.searcher.pageDocuments;
    return pages.flatMap((page) => cut(page, this.pageDocuments));
  }

  async seqNoOf({ from }: Window, signal: AbortSignal): Promise<number> {
    const { seqNos } = await listDocuments(this.searches, this.searcher, this.target.index, from, 1, signal);
    return seqNos[0] ?? -1;
  }

  /** Describes the hits of a page. Throws `view_lost` when documents are missing at its end. */
  hitsOf({ from, to }: Window, body: Buffer): OrderedHits {
    const last = lastSortValue(body);
    // If the view has documents after the last one, the search returned all that it was asked for.
    const full = last !== undefined && last < this.end - 1;
    if (last === undefined && from < this.end) {
      throw new SnapkeepError(
        'view_lost',
        `the view of [${this.target.index}][${this.target.shard}] returned nothing from document ${from} on`,
      );
    }
    return { from, to, numbers: this.request.numbers, asked: [full ? to - from : 0], multi: false };
  }
}

/**
 * Returns the sort value of the last hit of a response; undefined if there are no hits. No document follows the last
 * hit, so that a search from the end of the response finds its sort values.
 */
function lastSortValue(body: Buffer): number | undefined {
  const sort = body.lastIndexOf(SORT);
  return sort < 0
    ? undefined
    : Number.parseInt(body.toString('latin1', sort + SORT.length, sort + SORT.length + 20), 10);
}

function cut({ from, to }: Window, width: number): Window[] {
  const parts: Window[] = [];
  for (let a = from; a < to; a += width) parts.push({ from: a, to: Math.min(to, a + width) });
  return parts;
}
