import { type OrderedHits } from '../../documents/page';
import { type OrderedRequest, type ShardTarget } from './document-reader';
import { type PageSource } from './fetch-ahead';
import { type DocumentList, listDocuments } from './ordered-list';
import { PageSize } from './page-size';
import { cutRuns, type Run, takePage } from './runs';
import { MAX_PAGE_DOCUMENTS, orderedBody } from './search-body';
import { type PointInTimeSearcher, type ShardSearches } from './shard-search';

/** Searches per multi-search. With one deleted document in a hundred, they make a page of the intended size. */
const MOST_SEARCHES = 100;

/** Runs of documents, and the document numbers `[from, to)` that they stand for. */
interface RunPage {
  readonly from: number;
  readonly to: number;
  readonly list: DocumentList;
  /** None if nothing is wanted. */
  readonly runs: readonly Run[];
}

const NOTHING = Buffer.from('{"responses":[]}');

/**
 * Plans pages for a view with deleted documents, or of which a part is wanted. Lists the documents first, and then
 * reads exactly the wanted ones by a multi-search with one search per run.
 */
export class RunPages implements PageSource<RunPage> {
  readonly size: PageSize;
  private at: number;
  private listed: DocumentList = { numbers: new Float64Array(0), seqNos: new Float64Array(0), last: false };
  private queue: Run[] = [];
  /** One past the last document number of the list. */
  private listedTo: number;
  private pageDocuments: number;

  constructor(
    private readonly searches: ShardSearches,
    private readonly searcher: PointInTimeSearcher,
    private readonly target: ShardTarget,
    private readonly request: OrderedRequest,
  ) {
    this.size = new PageSize(target.bytesPerDocument);
    this.at = request.from;
    this.listedTo = request.from;
    this.pageDocuments = searcher.pageDocuments;
  }

  async next(signal: AbortSignal): Promise<RunPage | undefined> {
    if (this.queue.length === 0) {
      if (this.listedTo >= this.request.to) return undefined;
      await this.list(signal);
    }
    const page = this.take(this.at, this.queue, this.listed, this.listedTo);
    this.at = page.to;
    return page;
  }

  fetch({ list, runs }: RunPage, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
    if (runs.length === 0) return Promise.resolve(Buffer.from(NOTHING));
    const { source } = this.searcher;
    const bodies = runs.map(({ start, end }) => orderedBody(list.numbers[start]! - 1, end - start, source));
    return this.searcher.searchAll(bodies, {
      maxBytes,
      expectedBytes: this.size.bytesOf(documentsIn(runs)),
      signal,
    });
  }

  documentsOf({ runs }: RunPage): number {
    return documentsIn(runs);
  }

  halves({ from, to, list, runs }: RunPage): RunPage[] | undefined {
    const documents = documentsIn(runs);
    if (documents <= 1) return undefined;
    const second = [...runs];
    const half = Math.ceil(documents / 2);
    const first = takePage(second, { documents: half, searches: runs.length, perSearch: this.pageDocuments });
    const middle = list.numbers[second[0]!.start]!;
    return [
      { from, to: middle, list, runs: first },
      { from: middle, to, list, runs: second },
    ];
  }

  fit(pages: readonly RunPage[]): RunPage[] {
    this.pageDocuments = this.searcher.pageDocuments;
    return pages.flatMap((page) => {
      const runs = [...page.runs];
      const parts: RunPage[] = [];
      do parts.push(this.take(parts.at(-1)?.to ?? page.from, runs, page.list, page.to));
      while (runs.length > 0);
      return parts;
    });
  }

  seqNoOf({ list, runs }: RunPage): Promise<number> {
    return Promise.resolve(list.seqNos[runs[0]!.start]!);
  }

  /** Describes the hits of a page. The view does not change, so that each search returns what was listed. */
  hitsOf({ from, to, runs }: RunPage): OrderedHits {
    const asked = runs.map(({ start, end }) => end - start);
    return { from, to, numbers: this.request.numbers, asked, multi: true };
  }

  /** Takes the next page off the queue; the last page of a queue ends at `end`. */
  private take(from: number, queue: Run[], list: DocumentList, end: number): RunPage {
    const runs = takePage(queue, {
      documents: Math.min(MAX_PAGE_DOCUMENTS, this.size.documents),
      searches: MOST_SEARCHES,
      perSearch: this.pageDocuments,
    });
    const next = queue[0];
    return { from, to: next === undefined ? end : list.numbers[next.start]!, list, runs };
  }

  private async list(signal: AbortSignal): Promise<void> {
    const { index } = this.target;
    const { numbers, skip, to } = this.request;
    const list = await listDocuments(this.searches, this.searcher, index, this.listedTo, MAX_PAGE_DOCUMENTS, signal);
    this.listed = list;
    this.listedTo = list.last ? to : Math.min(to, list.numbers.at(-1)! + 1);
    this.queue = cutRuns(list, (i) => {
      const seqNo = list.seqNos[i]!;
      return list.numbers[i]! < to && seqNo >= numbers.from && seqNo < numbers.to && skip?.(seqNo) !== true;
    });
  }
}

function documentsIn(runs: readonly Run[]): number {
  return runs.reduce((sum, { start, end }) => sum + end - start, 0);
}
