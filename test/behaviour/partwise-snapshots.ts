import { type Cluster } from '../../src/cluster/cluster';
import { type DocumentReader } from '../../src/cluster/reading/document-reader';
import { isSnapkeepError } from '../../src/contracts/errors';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { type ShardEntry } from '../../src/contracts/stored';
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
import { type ChangedShard, changedShards } from '../../src/snapshotting/job-plan';
import { planChunks } from '../../src/snapshotting/plan-chunks';
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
  readonly write = { chunkSizeBytes: 1024 ** 3, compress: true, readonly: false };

  constructor(private readonly cluster: Cluster) {}

  /**
   * Takes a snapshot of an index.
   *
   * @param options.chunkBytes as a large shard in chunks of this size; unset: as a small one.
   */
  async take(snapshot: string, index: string, options: { chunkBytes?: number }): Promise<TakenShard[]> {
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
    const taken = await Promise.all(changed.map((shard) => this.copy(uuid, shard, options.chunkBytes)));
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
    return { cluster, reader: cluster.reader, pool, repository: this, uuid, signal: SIGNAL };
  }

  private async copy(uuid: string, shard: ChangedShard, chunkBytes: number | undefined): Promise<TakenShard> {
    const copied = chunkBytes === undefined ? undefined : await this.copyChunks(uuid, shard, chunkBytes);
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
