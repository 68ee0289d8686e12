import {
  type DocumentReader,
  type KnownRange,
  type LastingView,
  type OrderedRequest,
  type OrderedView,
  type Probe,
  type ProbeRequest,
  type ShardState,
  type ShardTarget,
  type ShardView,
  type ViewRequest,
} from '../../../src/cluster/reading/document-reader';
import { SnapkeepError } from '../../../src/contracts/errors';
import { type SeqNoRange } from '../../../src/contracts/seq-no';
import { type Page } from '../../../src/documents/page';

/** A live document: everything a restore has to bring back. */
export interface ModelDocument {
  readonly id: string;
  readonly seqNo: number;
  readonly version: number;
  readonly routing?: string;
  /** Raw JSON. */
  readonly source: string;
}

/**
 * One shard as a cluster has it: operations take sequence numbers, views show one moment. The pages it serves are
 * search responses as text, as a cluster sends them.
 */
export class ShardModel implements DocumentReader {
  readonly documents = new Map<string, ModelDocument>();
  historyUuid: string;
  maxSeqNo = -1;
  /** Operations above the global checkpoint. */
  unsealed = 0;
  /** The process that serves the shard; undefined: the cluster does not say. */
  session: string | undefined = 'process-1';
  /** Documents may share numbers, because they came from several shards. */
  sharesNumbers = false;
  /** Calls that send searches. */
  searches = 0;
  pageSize = 3;
  /** Runs after each page, so that a test can write while somebody reads. */
  onPage: () => void | Promise<void> = () => {};

  /** Operations that each document takes: those between change nothing. */
  step = 1;
  /** Documents by name of a lasting view, in document order. */
  private readonly views = new Map<string, ModelDocument[]>();
  private opened = 0;

  constructor(
    readonly index = 'logs',
    readonly indexUuid = 'indexuuid0000000000000',
    readonly shard = 0,
  ) {
    this.historyUuid = 'history-1';
  }

  put(id: string, source: string, routing?: string): void {
    const version = (this.documents.get(id)?.version ?? 0) + 1;
    this.maxSeqNo += this.step;
    this.documents.set(id, { id, seqNo: this.maxSeqNo, version, routing, source });
  }

  /** A document that came from another shard, with the number that it had there. */
  take(id: string, seqNo: number): void {
    this.documents.set(id, { id, seqNo, version: 1, source: `{"taken":${seqNo}}` });
    this.maxSeqNo = Math.max(this.maxSeqNo, seqNo);
  }

  remove(id: string): void {
    this.maxSeqNo++;
    this.documents.delete(id);
  }

  /** Another primary, of which nothing is known: the same documents, numbered anew. */
  newHistory(): void {
    this.historyUuid = `history-${Math.random()}`;
    const documents = this.live();
    this.documents.clear();
    this.maxSeqNo = -1;
    for (const { id, source, routing } of documents) this.put(id, source, routing);
  }

  /** The node's process ends and another one goes on with the same files. */
  restart(): void {
    this.session = `process-${Math.random()}`;
  }

  /** A copy of the files, to go back to. */
  copyFiles(): () => void {
    const documents = new Map(this.documents);
    const { maxSeqNo, historyUuid } = this;
    return () => {
      this.documents.clear();
      for (const [id, document] of documents) this.documents.set(id, document);
      this.maxSeqNo = maxSeqNo;
      this.historyUuid = historyUuid;
      this.restart();
    };
  }

  live(): ModelDocument[] {
    return [...this.documents.values()].sort((a, b) => a.seqNo - b.seqNo);
  }

  get state(): ShardState {
    return {
      index: this.index,
      shard: this.shard,
      historyUuid: this.historyUuid,
      maxSeqNo: this.maxSeqNo,
      globalCheckpoint: Math.max(-1, this.maxSeqNo - this.unsealed),
      documents: this.documents.size,
      storeBytes: this.documents.size * 100,
      session: this.session,
    };
  }

  get target(): ShardTarget {
    const { index, shard, sharesNumbers } = this;
    return { index, shard, bytesPerDocument: 100, primaryOnly: false, sharesNumbers };
  }

  async count(_target: ShardTarget, ranges: readonly SeqNoRange[]): Promise<number[]> {
    this.searches++;
    const live = this.live();
    return ranges.map((range) => within(live, range).length);
  }

  async probe(_target: ShardTarget, { ranges, last, documents }: ProbeRequest): Promise<Probe> {
    this.searches++;
    const live = this.live();
    const sums = ranges.map((range) => {
      const inside = within(live, range);
      return { count: inside.length, sum: inside.reduce((sum, { seqNo }) => sum + seqNo, 0) };
    });
    return { sums, page: searchResponse(within(live, last).slice(-documents).reverse()) };
  }

  async divide(_target: ShardTarget, range: SeqNoRange, maxBytes: number): Promise<KnownRange[]> {
    this.searches++;
    const step = Math.max(1, Math.floor(maxBytes / 100));
    const parts: KnownRange[] = [];
    for (let from = range.from; from < range.to; from += step) {
      const part = { from, to: Math.min(range.to, from + step) };
      parts.push({ ...part, live: within(this.live(), part).length });
    }
    return parts;
  }

  /** Without a view: every page shows the moment it is read. */
  async *readSealed(_target: ShardTarget, range: SeqNoRange, signal?: AbortSignal): AsyncGenerator<Page> {
    for (let from = range.from; from < range.to;) {
      signal?.throwIfAborted();
      this.searches++;
      const page = within(this.live(), { from, to: range.to }).slice(0, this.pageSize);
      if (page.length === 0) return;
      from = page[page.length - 1].seqNo + 1;
      yield { body: searchResponse(page) };
      await this.onPage();
    }
  }

  async openLasting(): Promise<LastingView | undefined> {
    return undefined;
  }

  async closeLasting({ id }: LastingView): Promise<void> {
    this.views.delete(id);
  }

  async openOrdered(): Promise<OrderedView> {
    this.searches++;
    const id = `view-${++this.opened}`;
    const documents = this.live().sort((a, b) => place(a) - place(b));
    this.views.set(id, documents);
    return { view: { id, fromMillis: 1, toMillis: 2 }, end: documents.length };
  }

  async *readOrdered(
    _target: ShardTarget,
    { id }: LastingView,
    { from, to, numbers, skip }: OrderedRequest,
  ): AsyncGenerator<Page> {
    for (let at = from; at < to; at += this.pageSize) {
      this.searches++;
      const view = this.views.get(id);
      if (view === undefined) throw new SnapkeepError('view_lost', 'the view is gone');
      const end = Math.min(to, at + this.pageSize);
      const places = Array.from({ length: end - at }, (_, i) => at + i).filter((number) => {
        const { seqNo } = view[number];
        return seqNo >= numbers.from && seqNo < numbers.to && skip?.(seqNo) !== true;
      });
      const wanted = places.map((number) => view[number]);
      const body = searchResponse(wanted, places);
      yield { body, ordered: { from: at, to: end, numbers, asked: [wanted.length], multi: false } };
      await this.onPage();
    }
  }

  /** The cluster loses all views. */
  loseViews(): void {
    this.views.clear();
  }

  async openView(_target: ShardTarget, request: ViewRequest): Promise<ShardView> {
    this.searches++;
    const live = this.live();
    const { pageSize } = this;
    return {
      counts: request.known.map((range) => within(live, range).length),
      readCounts: request.read.map((range) => within(live, range).length),
      maxSeqNo: live.at(-1)?.seqNo ?? -1,
      seqNos: async (k) => Float64Array.from(within(live, request.known[k]), (document) => document.seqNo),
      documents: async function* (r, signal) {
        const all = within(live, request.read[r]);
        for (let from = 0; from < all.length; from += pageSize) {
          signal?.throwIfAborted();
          yield { body: searchResponse(all.slice(from, from + pageSize)) };
        }
      },
      close: async () => {},
    };
  }
}

/** Where a document stands in the shard's files: blocks of neighbours, in any order. */
function place({ id, seqNo }: ModelDocument): number {
  const block = Math.floor(seqNo / 40_000);
  return ((block * 7_919) % 101) * 1e9 + (seqNo % 4) * 1e7 + seqNo + id.length / 1_000;
}

function within(documents: readonly ModelDocument[], { from, to }: SeqNoRange): ModelDocument[] {
  return documents.filter(({ seqNo }) => seqNo >= from && seqNo < to);
}

/**
 * As a cluster answers a search: memory of its own, as bodies that were received have. `sort` are the sort values;
 * unset: the sequence numbers.
 */
export function searchResponse(documents: readonly ModelDocument[], sort?: readonly number[]): Buffer {
  const hits = documents.map(({ id, seqNo, version, routing, source }, i) => {
    const routed = routing === undefined ? '' : `"_routing":${JSON.stringify(routing)},`;
    return `{"_index":"logs","_id":${JSON.stringify(id)},"_version":${version},"_seq_no":${seqNo},"_primary_term":1,"_score":null,${routed}"_source":${source},"sort":[${sort?.[i] ?? seqNo}]}`;
  });
  const text = `{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"max_score":null,"hits":[${hits.join(',')}]}}`;
  const body = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  body.write(text);
  return body;
}
