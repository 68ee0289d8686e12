import { type Cluster } from '../../src/cluster/cluster';
import { type DocumentReader } from '../../src/cluster/reading/document-reader';
import { isSnapkeepError } from '../../src/contracts/errors';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { type SeqNoRange } from '../../src/contracts/seq-no';
import { type ObjectRef, type ShardEntry } from '../../src/contracts/stored';
import { CodecPool } from '../../src/documents/codec-pool';
import { type OpenRepository } from '../../src/registrations/open-repositories';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { type Segment } from '../../src/repository/format/format';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { copySealed } from '../../src/repository/segments/copy-sealed';
import { copySmallShard, settleShard } from '../../src/repository/segments/settle-shard';
import { type Copied } from '../../src/repository/segments/shard-ranges';
import { buildManifest } from '../../src/snapshotting/build-manifest';
import { copyChunk } from '../../src/snapshotting/copy-chunk';
import { readLists } from '../../src/snapshotting/job-notes';
import { type ChangedShard, changedShards } from '../../src/snapshotting/job-plan';
import { NoteReader } from '../../src/snapshotting/note-reader';
import { planChunks, planShard } from '../../src/snapshotting/plan-chunks';
import { planSnapshot } from '../../src/snapshotting/plan-snapshot';
import { segmentWriting, shardSettling, type SnapshotCopy } from '../../src/snapshotting/shard-copying';
import { statesThenRefresh } from '../../src/snapshotting/states-at-copy';
import { collect, type ReadDocument } from '../cluster/support';
import { MemoryBlobStore } from '../repository/support/memory-blob-store';
import { type Repository } from '../repository/support/shards';

/** One shard of a snapshot, and what is known of the moment it was taken at. */
export interface TakenShard {
  readonly shard: number;
  readonly entry: ShardEntry;
  readonly uuid: string;
  /** `performance.now()`: the view it was settled from shows a moment between. */
  readonly began: number;
  readonly opened: number;
  /** All that this very view showed; unset where views are scrolls. */
  readonly shown?: readonly ReadDocument[];
}

/** How often a shard is settled again when its view was lost. */
const TRIES = 5;
const SIGNAL = new AbortController().signal;

/**
 * Snapshots of a cluster put together from the parts that activities are made of, in one process: so a test can look
 * through the very view that a shard is settled from. What is found to be wrong with a base fails here; a worker would
 * do without the base.
 */
export class PartwiseSnapshots implements OpenRepository, Repository {
  readonly store = new MemoryBlobStore();
  readonly catalogue = new Catalogue(this.store);
  readonly pool = new CodecPool(1);
  readonly write = { chunkSizeBytes: 1024 ** 3, compress: true, maxSnapshots: 1_000, readonly: false };

  constructor(private readonly cluster: Cluster) {}

  /**
   * Takes a snapshot of an index.
   *
   * @param options.chunkBytes as a large shard in chunks of this size; unset: as a small one.
   * @param options.ordered as a large shard in document order, where the cluster has points in time.
   */
  async take(
    snapshot: string,
    index: string,
    options: { chunkBytes?: number; ordered?: LosingViews },
  ): Promise<TakenShard[]> {
    const { cluster, catalogue } = this;
    const uuid = newSnapshotUuid();
    const request = { indices: [index], ignoreUnavailable: false, includeGlobalState: false, partial: false };
    const seenMillis = Date.now();
    const plan = await planSnapshot({
      call: { snapshot, uuid, startMillis: Date.now(), request },
      info: await cluster.info(),
      indices: await cluster.resolveIndices([index], { ignoreUnavailable: false }),
      states: await cluster.shardStates([index]),
      statesMillis: seenMillis,
      root: await catalogue.readRoot(),
      catalogue,
      cluster,
      signal: SIGNAL,
    });
    const changed = changedShards(plan);
    const taken = await Promise.all(changed.map((shard) => this.copy(uuid, shard, options)));
    const results = taken.map(({ entry }, i) => ({ ordinal: changed[i].ordinal, entry }));
    const manifest = buildManifest({ plan, results, unchangedMillis: seenMillis }, false);
    await commitSnapshot(catalogue, manifest, { compress: true });
    return taken;
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private copyFor(uuid: string): SnapshotCopy {
    const { cluster, pool } = this;
    return { cluster, reader: cluster.reader, pool, repository: this, notes: new NoteReader(), uuid, signal: SIGNAL };
  }

  private async copy(
    uuid: string,
    planned: ChangedShard,
    { chunkBytes, ordered }: { chunkBytes?: number; ordered?: LosingViews },
  ): Promise<TakenShard> {
    const shard = ordered !== undefined && ordered.next() < 0.5 ? withoutBase(planned) : planned;
    const copied =
      ordered !== undefined
        ? await this.copyOrdered(uuid, shard, ordered)
        : chunkBytes === undefined
          ? undefined
          : await this.copyChunks(uuid, shard, chunkBytes);
    const copy = this.copyFor(uuid);
    const viewIsShowable = (await this.cluster.info()).pit !== 'none';
    for (let tries = 1; ; tries++) {
      const began = performance.now();
      const state = (await statesThenRefresh(this.cluster, [shard.index.name], SIGNAL)).of(shard);
      const settle = await shardSettling(copy, shard, state, segmentWriting(copy, shard));
      const reader = new ShowingReader(settle.reader, viewIsShowable);
      try {
        const entry =
          copied === undefined
            ? await copySmallShard({ ...settle, reader })
            : await settleShard({ ...settle, reader, copied });
        return { shard: shard.shard, entry, uuid, began, opened: reader.opened, shown: reader.shown };
      } catch (error) {
        if (!isSnapkeepError(error) || !error.retryable || tries === TRIES) throw error;
      }
    }
  }

  /** As the workflow of a large shard: plans, copies the chunks, and plans again where a view was lost. */
  private async copyOrdered(uuid: string, shard: ChangedShard, losing: LosingViews): Promise<Copied> {
    const copy = { ...this.copyFor(uuid), reader: losingReader(this.cluster.reader, losing) };
    const run = { cursor: undefined, onNoted: () => {}, onProgress: () => {} };
    let parts: ObjectRef[] = [];
    let covers: SeqNoRange[] = [];
    for (;;) {
      const planned = await planShard(copy, shard, { parts, mostChunks: 400 });
      if (planned.anew) [parts, covers] = [[], []];
      covers.push(...planned.covers);
      let lost = false;
      for (const chunk of planned.chunks) {
        const result = await copyChunk(copy, shard, chunk, planned.ordered, run);
        parts.push(...result.parts);
        lost ||= result.viewLost === true;
      }
      if (planned.ordered !== undefined) await copy.reader.closeLasting({ id: planned.ordered.view });
      if (!lost) return { segments: await readLists(this.store, 'segments', parts, { signal: SIGNAL }), covers };
    }
  }

  private async copyChunks(uuid: string, shard: ChangedShard, maxBytes: number): Promise<Copied> {
    const { target, base } = shard.plan;
    const copy = this.copyFor(uuid);
    const { globalCheckpoint } = (await statesThenRefresh(this.cluster, [shard.index.name], SIGNAL)).of(shard);
    const manifest = base === undefined ? undefined : await this.catalogue.readShardManifest(base);
    const known = { base: manifest, globalCheckpoint, maxBytes };
    const segments: Segment[] = [];
    const { chunks, covers } = await planChunks(this.cluster.reader, target, known);
    for (const chunk of chunks) {
      for await (const { segment } of copySealed(segmentWriting(copy, shard), copy.reader, target, chunk)) {
        segments.push(segment);
      }
    }
    return { segments, covers };
  }
}

/** Decides when views that are read in document order are lost. */
export interface LosingViews {
  readonly next: () => number;
  readonly onLost: () => void;
}

/** A reader that reads every shard in document order, and whose views the cluster loses now and then. */
function losingReader(reader: DocumentReader, { next, onLost }: LosingViews): DocumentReader {
  return {
    ...boundTo(reader),
    openOrdered: (target, numbers, signal) => reader.openOrdered(target, numbers, signal, { always: true }),
    readOrdered: async function* (target, view, request, signal) {
      const lives = next() < 0.4 ? Infinity : Math.floor(next() * 4);
      let pages = 0;
      if (lives === 0) await reader.closeLasting(view);
      try {
        for await (const page of reader.readOrdered(target, view, request, signal)) {
          yield page;
          if (++pages === lives) await reader.closeLasting(view);
        }
      } catch (error) {
        if (isSnapkeepError(error, 'view_lost')) onLost();
        throw error;
      }
    },
  };
}

function boundTo(reader: DocumentReader): DocumentReader {
  return {
    count: reader.count.bind(reader),
    divide: reader.divide.bind(reader),
    readSealed: reader.readSealed.bind(reader),
    probe: reader.probe.bind(reader),
    openView: reader.openView.bind(reader),
    openLasting: reader.openLasting.bind(reader),
    closeLasting: reader.closeLasting.bind(reader),
    openOrdered: reader.openOrdered.bind(reader),
    readOrdered: reader.readOrdered.bind(reader),
  };
}

/** The shard as if no snapshot held it yet. */
function withoutBase(shard: ChangedShard): ChangedShard {
  return { ...shard, plan: { ...shard.plan, base: undefined, holder: undefined, documents: Infinity } };
}

/**
 * Says when a view was open, and reads the whole shard through it before it is closed. Not through scrolls: each has to
 * prove that it is of the same moment as the others, and one of the whole shard would make that proof a better one than
 * snapshots have.
 */
class ShowingReader implements DocumentReader {
  opened = 0;
  shown: readonly ReadDocument[] | undefined;
  readonly count: DocumentReader['count'];
  readonly divide: DocumentReader['divide'];
  readonly readSealed: DocumentReader['readSealed'];
  readonly probe: DocumentReader['probe'];
  readonly openLasting: DocumentReader['openLasting'];
  readonly closeLasting: DocumentReader['closeLasting'];
  readonly openOrdered: DocumentReader['openOrdered'];
  readonly readOrdered: DocumentReader['readOrdered'];

  constructor(
    private readonly reader: DocumentReader,
    private readonly viewIsShowable: boolean,
  ) {
    this.count = reader.count.bind(reader);
    this.divide = reader.divide.bind(reader);
    this.readSealed = reader.readSealed.bind(reader);
    this.probe = reader.probe.bind(reader);
    this.openLasting = reader.openLasting.bind(reader);
    this.closeLasting = reader.closeLasting.bind(reader);
    this.openOrdered = reader.openOrdered.bind(reader);
    this.readOrdered = reader.readOrdered.bind(reader);
  }

  readonly openView: DocumentReader['openView'] = async (target, request, signal, lasting) => {
    const everything = { from: 0, to: MAX_SEQ_NO };
    const asked = this.viewIsShowable ? { ...request, read: [...request.read, everything] } : request;
    const view = await this.reader.openView(target, asked, signal, lasting);
    this.opened = performance.now();
    return {
      counts: view.counts,
      readCounts: view.readCounts.slice(0, request.read.length),
      maxSeqNo: view.maxSeqNo,
      seqNos: view.seqNos.bind(view),
      documents: view.documents.bind(view),
      close: async () => {
        try {
          if (this.viewIsShowable) this.shown = await collect(view.documents(request.read.length));
        } finally {
          await view.close();
        }
      },
    };
  };
}
