import { setTimeout as wait } from 'node:timers/promises';
import { SnapkeepError } from '../../contracts/errors';
import { type SeqNoRange } from '../../contracts/seq-no';
import { type Page } from '../../documents/page';
import { hitsOf } from '../../documents/readable-hits';
import { decodeString, findValue, skipValue, type Span, STOP, textOf, walkObject } from '../../documents/scan-json';
import { ResponseTooLargeError } from '../http/cluster-http';
import { indexSegment } from '../http/index-path';
import {
  DOCUMENT_MAX_BYTES,
  PAGE_MAX_BYTES,
  PAGE_TARGET_BYTES,
  type ShardTarget,
  type ShardView,
  type ViewRequest,
} from './document-reader';
import { readSortValues } from './pit-view';
import {
  aggregationBody,
  countsAggregation,
  documentsBody,
  MAX_BUCKETS,
  MAX_CLAUSES,
  readCounts,
  seqNosBody,
} from './search-body';
import { preferenceOf, requireWholeShard, type ShardSearches } from './shard-search';

/** Attempts to open scrolls that show one moment. */
const ATTEMPTS = 10;
/** Pause after the first attempt; it grows with each attempt. */
const PAUSE_MS = 150;

/**
 * Opens a view of a cluster without points in time, by scrolls. Throws `view_lost` when no attempt gives one moment.
 *
 * A scroll shows the moment at which it was opened, but each scroll is opened separately. Each request therefore also
 * counts the whole shard. If the number of live documents, their highest sequence number and the sum of the numbers
 * agree, all scrolls show the same documents. Otherwise somebody is writing, and all are closed and opened again.
 *
 * All scrolls prefer the same copy, because copies refresh independently.
 */
export async function openScrollView(
  searches: ShardSearches,
  target: ShardTarget,
  request: ViewRequest,
  signal?: AbortSignal,
): Promise<ShardView> {
  const context = new ScrollContext(searches, target, request, await preferOneCopy(searches, target, signal));
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const view = await openOnce(context, signal);
    if (view) return view;
    await wait(PAUSE_MS * attempt, undefined, { signal });
  }
  throw new SnapkeepError(
    'view_lost',
    `[${target.index}][${target.shard}] changed between each of ${ATTEMPTS} attempts to open scrolls of one moment`,
    { details: { index: target.index, shard: target.shard } },
  );
}

async function openOnce(context: ScrollContext, signal?: AbortSignal): Promise<ScrollView | undefined> {
  const { request } = context;
  const before = await context.countOnly(signal);
  if (before === undefined) return undefined;
  const shrunken = request.known.filter((range, k) => before.counts[k]! < range.live && before.counts[k]! > 0);
  const scrolls: Scroll[] = [];
  let kept = false;
  try {
    for (let r = 0; r < request.read.length; r++) {
      if (before.readCounts[r]! > 0) scrolls.push(await context.openDocuments(r, signal));
    }
    const list = shrunken.length > 0 ? await context.openSeqNos(shrunken, signal) : undefined;
    if (list) scrolls.push(list);
    kept = scrolls.every((scroll) => scroll.fingerprint === before.fingerprint);
    return kept ? new ScrollView(context, before, scrolls, list) : undefined;
  } finally {
    if (!kept) await closeScrolls(context.searches, scrolls);
  }
}

/** The counts of one request. */
interface Moment {
  readonly counts: readonly number[];
  readonly readCounts: readonly number[];
  readonly maxSeqNo: number;
  /** Two moments with the same documents have equal fingerprints. */
  readonly fingerprint: string;
}

/** An open scroll and the page it came with. */
interface Scroll {
  id: string;
  readonly fingerprint: string;
  /** Position of the range to read; -1 for the list of sequence numbers. */
  readonly range: number;
  readonly size: number;
  firstPage: Buffer | undefined;
}

class ScrollContext {
  constructor(
    readonly searches: ShardSearches,
    readonly target: ShardTarget,
    readonly request: ViewRequest,
    private readonly preference: string,
  ) {}

  /** Counts all ranges. Returns undefined if counting took several requests and the shard changed between them. */
  async countOnly(signal?: AbortSignal): Promise<Moment | undefined> {
    const { known, read } = this.request;
    const ranges = [...known, ...read];
    const counts: number[] = [];
    let moment: WholeShard | undefined;
    while (moment === undefined || counts.length < ranges.length) {
      const part = ranges.slice(counts.length, counts.length + this.searches.buckets(MAX_BUCKETS));
      const ranged = part.length > 0 ? { ranges: countsAggregation(part) } : {};
      try {
        const { body } = await this.searches.http.request({
          method: 'POST',
          path: this.path,
          query: { ...this.query(), request_cache: false },
          body: JSON.stringify(
            aggregationBody({ shard: { global: {}, aggs: { ...ranged, ...WHOLE } } }, undefined, {}),
          ),
          signal,
        });
        requireWholeShard(this.target, body);
        const shown = wholeShardIn(body);
        if (moment !== undefined && moment.fingerprint !== shown.fingerprint) return undefined;
        moment = shown;
        counts.push(...readCounts(shown.ranges, part.length));
      } catch (error) {
        if (!this.searches.learnBuckets(error, part.length)) throw error;
      }
    }
    return { ...moment, counts: counts.slice(0, known.length), readCounts: counts.slice(known.length) };
  }

  /** Opens a scroll of the documents of range `r`. The size of its pages can't change later. */
  openDocuments(r: number, signal?: AbortSignal): Promise<Scroll> {
    return this.open(
      r,
      (size) => documentsBody(this.request.read[r]!, size, this.searches.dialect.wholeSource, {}),
      () => this.documentsPerPage(),
      signal,
    );
  }

  openSeqNos(ranges: readonly SeqNoRange[], signal?: AbortSignal): Promise<Scroll> {
    return this.open(
      -1,
      (size) => seqNosBody(ranges, size, this.searches.clauses(MAX_CLAUSES)),
      () => this.searches.pageDocuments(this.target.index),
      signal,
    );
  }

  private async open(
    range: number,
    bodyOf: (size: number) => Record<string, unknown>,
    sizeOf: () => number,
    signal?: AbortSignal,
  ): Promise<Scroll> {
    for (;;) {
      const size = sizeOf();
      // Clusters refuse `track_total_hits: false` in a scroll, which always counts its hits.
      const { track_total_hits: _, ...search } = bodyOf(size);
      try {
        const { body } = await this.searches.http.request({
          method: 'POST',
          path: this.path,
          query: { ...this.query(), scroll: this.searches.keepAlive },
          body: JSON.stringify({ ...search, aggs: { shard: { global: {}, aggs: WHOLE } } }),
          maxBytes: size === 1 ? DOCUMENT_MAX_BYTES : PAGE_MAX_BYTES,
          signal,
        });
        requireWholeShard(this.target, body);
        return { id: scrollIdOf(body), fingerprint: wholeShardIn(body).fingerprint, range, size, firstPage: body };
      } catch (error) {
        if (error instanceof ResponseTooLargeError) {
          this.learnPageTooLarge(size);
          continue;
        }
        if (!this.learnLimit(error)) throw error;
      }
    }
  }

  private learnLimit(error: unknown): boolean {
    const { searches, target } = this;
    return (
      searches.learnWindow(target.index, error) ||
      searches.learnKeepAlive(error) ||
      searches.learnClauses(error, searches.clauses(MAX_CLAUSES))
    );
  }

  async nextPage(scroll: Scroll, signal?: AbortSignal): Promise<Buffer> {
    try {
      const { body } = await this.searches.request(
        {
          method: 'POST',
          path: '/_search/scroll',
          body: JSON.stringify({ scroll: this.searches.keepAlive, scroll_id: scroll.id }),
          maxBytes: scroll.size === 1 ? DOCUMENT_MAX_BYTES : PAGE_MAX_BYTES,
          signal,
        },
        scroll.size * this.target.bytesPerDocument,
      );
      requireWholeShard(this.target, body);
      scroll.id = scrollIdOf(body);
      return body;
    } catch (error) {
      if (signal?.aborted) throw error;
      // The scroll has advanced, so that this page can't be requested again.
      if (error instanceof ResponseTooLargeError) this.learnPageTooLarge(scroll.size);
      else if (!(error instanceof SnapkeepError) || !error.retryable) throw error;
      throw new SnapkeepError(
        'view_lost',
        `a page of the scroll of [${this.target.index}][${this.target.shard}] was lost: ${(error as Error).message}`,
        { details: { index: this.target.index, shard: this.target.shard }, cause: error },
      );
    }
  }

  private learnPageTooLarge(size: number): void {
    if (size === 1) {
      throw new SnapkeepError(
        'document_too_large',
        `a document of [${this.target.index}][${this.target.shard}] is larger than ${DOCUMENT_MAX_BYTES} bytes`,
        { details: { index: this.target.index, shard: this.target.shard } },
      );
    }
    this.searches.learnScrollPage(this.target.index, Math.max(1, Math.floor(size / 4)));
  }

  private documentsPerPage(): number {
    const byBytes = Math.max(1, Math.floor(PAGE_TARGET_BYTES / Math.max(1, this.target.bytesPerDocument)));
    return Math.min(byBytes, this.searches.scrollPage(this.target.index));
  }

  private get path(): string {
    return `/${encodeURIComponent(this.target.index)}/_search`;
  }

  private query(): Record<string, string | boolean> {
    return { ...this.searches.query(), preference: this.preference };
  }
}

class ScrollView implements ShardView {
  readonly counts: readonly number[];
  readonly readCounts: readonly number[];
  readonly maxSeqNo: number;
  /** Listed sequence numbers, and how many of them are consumed. */
  private listed: number[] = [];
  private taken = 0;
  private listEnded: boolean;

  constructor(
    private readonly context: ScrollContext,
    moment: Moment,
    private readonly scrolls: readonly Scroll[],
    private readonly list: Scroll | undefined,
  ) {
    this.counts = moment.counts;
    this.readCounts = moment.readCounts;
    this.maxSeqNo = moment.maxSeqNo;
    this.listEnded = list === undefined;
  }

  async seqNos(k: number, _before?: Float64Array, signal?: AbortSignal): Promise<Float64Array> {
    const expected = this.counts[k]!;
    const { from, to } = this.context.request.known[k]!;
    const found = new Float64Array(expected);
    let at = 0;
    while (at < expected) {
      if (this.taken === this.listed.length) {
        if (this.listEnded) break;
        await this.listMore(signal);
        continue;
      }
      const next = this.listed[this.taken]!;
      if (next >= to) break;
      this.taken++;
      if (next >= from) found[at++] = next;
    }
    if (at !== expected) throw this.lost(`${expected} documents counted in [${from}, ${to}), ${at} listed`);
    return found;
  }

  async *documents(r: number, signal?: AbortSignal): AsyncGenerator<Page, void, undefined> {
    const expected = this.readCounts[r]!;
    if (expected === 0) return;
    const scroll = this.scrolls.find((one) => one.range === r);
    let page = scroll?.firstPage;
    if (!scroll || !page) throw this.lost(`range ${r} was read already`);
    scroll.firstPage = undefined;
    for (let seen = 0; ; page = await this.context.nextPage(scroll, signal)) {
      const { count } = hitsOf(page);
      seen += count;
      if (count > 0) yield { body: page };
      if (seen === expected) return;
      if (count === 0 || seen > expected) throw this.lost(`${expected} documents counted, ${seen} came`);
    }
  }

  close(): Promise<void> {
    return closeScrolls(this.context.searches, this.scrolls);
  }

  private async listMore(signal?: AbortSignal): Promise<void> {
    const list = this.list as Scroll;
    const page = list.firstPage ?? (await this.context.nextPage(list, signal));
    list.firstPage = undefined;
    this.listed = readSortValues(page);
    this.taken = 0;
    if (this.listed.length === 0) this.listEnded = true;
  }

  private lost(what: string): SnapkeepError {
    const { index, shard } = this.context.target;
    return new SnapkeepError('view_lost', `the scrolls of [${index}][${shard}] failed: ${what}`, {
      details: { index, shard },
    });
  }
}

/** Statistics that every request also asks for, over the whole shard. They are equal for equal moments. */
const WHOLE = { seqNos: { stats: { field: '_seq_no' } } };

interface WholeShard {
  readonly maxSeqNo: number;
  readonly fingerprint: string;
  readonly ranges: unknown;
}

function wholeShardIn(body: Buffer): WholeShard {
  const span = aggregationsIn(body);
  const { seqNos = {}, ranges } = span
    ? (JSON.parse(textOf(body, span)) as {
        seqNos?: { count?: number; max?: number | null; sum?: number };
        ranges?: unknown;
      })
    : {};
  const { count = 0, max, sum = 0 } = seqNos;
  const maxSeqNo = count === 0 ? -1 : (max ?? -1);
  return { maxSeqNo, fingerprint: JSON.stringify([count, maxSeqNo, sum]), ranges };
}

function aggregationsIn(body: Buffer): Span | undefined {
  try {
    return findValue(body, ['aggregations', 'shard']);
  } catch (error) {
    hitsOf(body); // throws an error that names the document
    throw error;
  }
}

function scrollIdOf(body: Buffer): string {
  let id: string | undefined;
  walkObject(body, 0, (key, value) => {
    if (key !== '_scroll_id') return undefined;
    id = decodeString(body, value, skipValue(body, value));
    return STOP;
  });
  if (id === undefined) throw new SnapkeepError('cluster_rejected', 'the cluster answered a scroll without an id');
  return id;
}

async function preferOneCopy(searches: ShardSearches, target: ShardTarget, signal?: AbortSignal): Promise<string> {
  const plain = preferenceOf(target);
  if (target.primaryOnly) return plain;
  const { shards } = await searches.http.json<{ shards?: { node?: string; primary?: boolean }[][] }>({
    method: 'GET',
    path: `/${indexSegment(target.index)}/_search_shards`,
    query: { preference: plain, filter_path: 'shards.node,shards.primary' },
    signal,
  });
  const node = shards?.[0]?.find((copy) => copy.primary)?.node ?? shards?.[0]?.[0]?.node;
  return node === undefined ? plain : `${plain}|_prefer_nodes:${node}`;
}

async function closeScrolls(searches: ShardSearches, scrolls: readonly Scroll[]): Promise<void> {
  if (scrolls.length === 0) return;
  try {
    await searches.http.request({
      method: 'DELETE',
      path: '/_search/scroll',
      body: JSON.stringify({ scroll_id: scrolls.map((scroll) => scroll.id) }),
      accept: () => true,
    });
  } catch {
    // The scrolls expire.
  }
}
