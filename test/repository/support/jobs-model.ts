/**
 * Jobs on a repository as the workflow engines of several installations run them: every step is an activity that may
 * die at any store call and is then tried again by another process; a step that seems dead may go on as a zombie
 * beside its successor. What finished steps returned is remembered, nothing else.
 */
import { type BlobStore } from '../../../src/blobs/contract/blob-store';
import { type ShardTarget, type ViewRequest } from '../../../src/cluster/reading/document-reader';
import { type ErrorCode, isSnapkeepError, SnapkeepError } from '../../../src/contracts/errors';
import { plansAgain } from '../../../src/contracts/jobs/plan-again';
import { type ShardEntry } from '../../../src/contracts/stored';
import { CodecPool } from '../../../src/documents/codec-pool';
import { findBases } from '../../../src/repository/catalogue/base-rule';
import { Catalogue } from '../../../src/repository/catalogue/catalogue';
import { shardId } from '../../../src/repository/catalogue/holders';
import { findSnapshotByUuid } from '../../../src/repository/catalogue/root';
import { buildCloneManifest } from '../../../src/repository/committing/clone-manifest';
import { commitFailedSnapshot } from '../../../src/repository/committing/commit-failed-snapshot';
import { buildSnapshotManifest, commitSnapshot } from '../../../src/repository/committing/commit-snapshot';
import { cleanupRepository, deleteLeftovers, rollbackSnapshot } from '../../../src/repository/deletion/orphans';
import { markSweeping, removeSnapshots } from '../../../src/repository/deletion/remove-snapshots';
import { sweepMarked } from '../../../src/repository/deletion/sweep';
import { type Segment, type SnapshotManifest } from '../../../src/repository/format/format';
import { newAttempt, newSnapshotUuid } from '../../../src/repository/format/keys';
import { isSameSession, isUnchanged, sharedEntry } from '../../../src/repository/segments/base-reuse';
import { copyOrdered } from '../../../src/repository/segments/copy-sealed';
import { NumberSet } from '../../../src/repository/segments/number-set';
import { SegmentNumbers } from '../../../src/repository/segments/segment-numbers';
import { type SettleShard, settleShard } from '../../../src/repository/segments/settle-shard';
import { NOTHING_COPIED } from '../../../src/repository/segments/shard-ranges';
import { Crash, CrashingBlobStore, type LastCall } from './crashing-blob-store';
import { Installation, type RunningJob } from './installation';
import { type ModelDocument, type ShardModel } from './shard-model';
import { CLUSTER, copyTrusting, expected, identityOf, isProven, restored } from './shards';

/** How one try of a step ends. */
export interface Fate {
  /** Store calls after which the process dies; unset: it lives. */
  readonly diesAfter?: number;
  readonly lastCall: LastCall;
  /** The step is taken for dead at once and tried again, but goes on. */
  readonly zombie: boolean;
}

export interface IndexModel {
  readonly name: string;
  readonly shards: readonly ShardModel[];
}

/** Documents per shard of a committed snapshot, null for shards it does not hold. */
export type Contents = ReadonlyMap<string, readonly ModelDocument[] | null>;

export interface SnapshotJob {
  readonly name: string;
  readonly indices: readonly IndexModel[];
  /** Shards that fail, by position. */
  readonly failing: ReadonlySet<number>;
  /** The job is cancelled when it is about to commit; with a zombie the commit is under way just then. */
  readonly cancelled: boolean;
}

/** For what a commit may be refused. */
const REFUSALS: readonly ErrorCode[] = ['base_changed', 'snapshot_name_already_in_use_exception', 'snapshot_aborted'];

/** How a snapshot ended. */
export interface Ended {
  readonly uuid: string;
  readonly end: 'committed' | 'failed' | 'refused' | 'cancelled';
  /** How often it planned. */
  readonly plans: number;
  /** Data objects that it wrote and refers to, by its own account. */
  readonly added: number;
}

/** What all installations have done to one repository. */
export interface History {
  /** What every committed snapshot holds, by UUID. */
  readonly committed: Map<string, { name: string; contents: Contents }>;
  /** What may still be going on when all jobs have ended. */
  readonly zombies: Promise<unknown>[];
}

/** The jobs of one installation. */
export class Jobs {
  private readonly installation = new Installation();
  private readonly pool = new CodecPool(1);
  private sweeping: Promise<void> | undefined;
  private sweepDue = false;

  /**
   * @param connect a process's way to the bucket.
   * @param fates what becomes of the steps to come, one each; when they are used up all live.
   */
  constructor(
    private readonly connect: () => BlobStore,
    private readonly fates: Fate[] = [],
    readonly history: History = { committed: new Map(), zombies: [] },
  ) {}

  async snapshot(job: SnapshotJob): Promise<Ended> {
    const uuid = newSnapshotUuid();
    const names = job.indices.map((index) => index.name);
    const running = await this.installation.begin(uuid, names);
    try {
      return await this.plansAndCommits(job, uuid, running);
    } finally {
      this.installation.end(running);
      await this.sweep();
    }
  }

  /** A second name for a snapshot, of some of its indices. */
  async clone(sourceUuid: string, name: string, keeps: (index: number) => boolean): Promise<void> {
    // Now: by the time the clone is committed its source may have been removed.
    const sourceContents = this.history.committed.get(sourceUuid)?.contents;
    const uuid = newSnapshotUuid();
    const running = await this.installation.begin(uuid, []);
    this.installation.knows(running, [sourceUuid]);
    try {
      await this.step(async (catalogue) => {
        const entry = findSnapshotByUuid(await catalogue.readRoot(), sourceUuid);
        if (entry === undefined) throw new SnapkeepError('snapshot_missing_exception', 'the source is gone');
        const source = await catalogue.readSnapshotManifest(entry.manifest);
        const indices = source.indices.filter((_, i) => keeps(i));
        const manifest = buildCloneManifest(source, indices, { snapshot: name, uuid, startMillis: 1 });
        await commitSnapshot(catalogue, manifest, { compress: false, cloneOf: sourceUuid });
        const contents = new Map(sourceContents);
        for (const id of contents.keys()) {
          if (!indices.some((index) => id.startsWith(`${index.uuid}/`))) contents.delete(id);
        }
        this.history.committed.set(uuid, { name, contents });
      });
      await this.step((catalogue) => deleteLeftovers(catalogue, uuid));
    } catch (error) {
      if (!isSnapkeepError(error)) throw error; // the source went, or the name came
      await this.step((catalogue) => rollbackSnapshot(catalogue, uuid));
    } finally {
      this.installation.end(running);
      await this.sweep();
    }
  }

  /** Reads back all that the snapshot holds; undefined if it is not in the catalogue any more. */
  async restore(uuid: string): Promise<Contents | undefined> {
    const running = await this.installation.begin(undefined, []);
    try {
      const entry = await this.step(async (catalogue) => findSnapshotByUuid(await catalogue.readRoot(), uuid));
      this.installation.knows(running, entry === undefined ? [] : [uuid]);
      if (entry === undefined) return undefined;
      return await this.step(async (catalogue) => {
        const contents = new Map<string, readonly ModelDocument[] | null>();
        const { indices } = await catalogue.readSnapshotManifest(entry.manifest);
        for (const index of indices) {
          for (const [shard, held] of index.shards.entries()) {
            const repository = { catalogue, store: catalogue.store, pool: this.pool };
            contents.set(shardId(index.uuid, shard), held === null ? null : await restored(repository, held));
          }
        }
        return contents;
      });
    } finally {
      this.installation.end(running);
      await this.sweep();
    }
  }

  /** Deletes the snapshots, as far as running jobs allow; the rest is swept when these end. */
  async remove(uuids: readonly string[]): Promise<void> {
    await this.step((catalogue) => removeSnapshots(catalogue, uuids));
    for (const uuid of uuids) this.history.committed.delete(uuid);
    await this.sweep();
  }

  /** Deletes what nothing refers to, whatever runs. */
  async cleanUp(): Promise<void> {
    await this.step((catalogue) => cleanupRepository(catalogue, { running: async () => this.installation.made() }));
  }

  /** Marks and sweeps what may be, again if that was asked for while it went on. */
  async sweep(): Promise<void> {
    this.sweepDue = true;
    this.sweeping ??= (async () => {
      while (this.sweepDue) {
        this.sweepDue = false;
        await this.installation.marks(async (inUse) => {
          const { generation: through } = await this.step((catalogue) => catalogue.readRoot());
          await this.step((catalogue) => markSweeping(catalogue, { inUse, through }));
        });
        await this.step((catalogue) => sweepMarked(catalogue));
      }
    })().finally(() => {
      this.sweeping = undefined;
    });
    return this.sweeping;
  }

  private async plansAndCommits(job: SnapshotJob, uuid: string, running: RunningJob): Promise<Ended> {
    for (let plans = 1; ; plans++) {
      const results = await this.plan(job, uuid, running);
      const manifest = manifestOf(
        job,
        uuid,
        results.map(({ entry }) => entry),
      );
      const contents = new Map(
        results.map(({ id, documents }) => [id, manifest.state === 'FAILED' ? null : documents]),
      );
      const added = manifest.totals.addedObjects;
      const committed = (): Ended => {
        this.history.committed.set(uuid, { name: job.name, contents });
        return { uuid, end: 'committed', plans, added };
      };
      const commit = (catalogue: Catalogue) => commitSnapshot(catalogue, manifest, { compress: false });
      if (job.cancelled) {
        this.abandon(commit);
        const rolledBack = await this.step((catalogue) => rollbackSnapshot(catalogue, uuid));
        return rolledBack.committed ? committed() : { uuid, end: 'cancelled', plans, added };
      }
      try {
        await this.step(commit);
        await this.step((catalogue) => deleteLeftovers(catalogue, uuid));
        return committed();
      } catch (error) {
        if (!isSnapkeepError(error)) throw error;
        if (plansAgain(error.code, plans)) continue;
        if (!REFUSALS.includes(error.code)) throw error;
        try {
          if (error.code !== 'base_changed') throw error;
          await this.step((catalogue) => commitFailedSnapshot(catalogue, manifest, { compress: false }));
          const nothing = new Map(results.map(({ id }) => [id, null]));
          this.history.committed.set(uuid, { name: job.name, contents: nothing });
          return { uuid, end: 'failed', plans, added };
        } catch (refusal) {
          if (!isSnapkeepError(refusal)) throw refusal;
          await this.step((catalogue) => rollbackSnapshot(catalogue, uuid));
          return { uuid, end: 'refused', plans, added };
        }
      }
    }
  }

  /** What the job has of each shard, and what the shard held when it was read. */
  private async plan(job: SnapshotJob, uuid: string, running: RunningJob) {
    const shards = job.indices.flatMap((index) => index.shards);
    const bases = await this.step(async (catalogue) =>
      findBases(
        catalogue,
        await catalogue.readRoot(),
        shards.map(({ indexUuid, shard }) => ({ indexUuid, shard })),
      ),
    );
    this.installation.knows(
      running,
      [...bases.values()].map(({ snapshotUuid }) => snapshotUuid),
    );
    const results: { entry: ShardEntry | null; documents: readonly ModelDocument[] | null; id: string }[] = [];
    for (const [i, shard] of shards.entries()) {
      const id = shardId(shard.indexUuid, shard.shard);
      if (job.failing.has(i)) {
        results.push({ entry: null, documents: null, id });
        continue;
      }
      const one = await this.step((catalogue) => this.copy(catalogue, uuid, shard, job, bases.get(id)));
      results.push({ ...one, id });
    }
    return results;
  }

  private async copy(
    catalogue: Catalogue,
    snapshotUuid: string,
    shard: ShardModel,
    job: SnapshotJob,
    base: ReturnType<Awaited<ReturnType<typeof findBases>>['get']>,
  ): Promise<{ entry: ShardEntry; documents: readonly ModelDocument[] }> {
    const shards = job.indices.find((index) => index.shards.includes(shard))?.shards.length ?? 0;
    const identity = identityOf(shard, shards);
    const { state } = shard;
    let documents = expected(shard);
    const manifest = base === undefined ? undefined : await catalogue.readShardManifest(base.entry).catch(noBase);
    const prove = base !== undefined && !isSameSession(base.entry, state);
    if (base !== undefined && manifest !== undefined && isUnchanged(base, state, identity)) {
      if (!prove || (await isProven(catalogue, shard, base.entry))) {
        return { entry: sharedEntry(base.entry, 1, state.session), documents };
      }
    }
    const settle: Omit<SettleShard, 'copied'> = {
      catalogue,
      writing: {
        store: catalogue.store,
        pool: this.pool,
        place: { snapshotUuid, indexUuid: shard.indexUuid, shard: shard.shard },
        attempt: newAttempt(),
        codec: 'plain',
        chunkSizeBytes: 150,
      },
      compress: false,
      reader: {
        count: shard.count.bind(shard),
        divide: shard.divide.bind(shard),
        readSealed: shard.readSealed.bind(shard),
        probe: shard.probe.bind(shard),
        openLasting: shard.openLasting.bind(shard),
        closeLasting: shard.closeLasting.bind(shard),
        openOrdered: shard.openOrdered.bind(shard),
        readOrdered: shard.readOrdered.bind(shard),
        openView: (target: ShardTarget, request: ViewRequest) => {
          documents = expected(shard);
          return shard.openView(target, request);
        },
      },
      target: shard.target,
      identity,
      state,
      base: base === undefined || manifest === undefined ? undefined : { entry: base.entry, manifest },
      prove,
      startMillis: 1,
    };
    // Some shards are large: what is new of them is copied before, in document order.
    const isLarge = shard.maxSeqNo % 2 === 0;
    const entry = isLarge ? await this.copyLarge(settle, shard) : await copyTrusting(settle);
    return { entry, documents };
  }

  /** Copies what is new in document order, by two views if the cluster loses the first, and settles the shard. */
  private async copyLarge(settle: Omit<SettleShard, 'copied'>, shard: ShardModel): Promise<ShardEntry> {
    const from = (settle.base?.manifest.sealedThrough ?? -1) + 1;
    const numbers = { from, to: Math.max(from, settle.state.globalCheckpoint + 1) };
    const segments: Segment[] = [];
    const stored = new NumberSet();
    for (const isFirst of [true, false]) {
      const { view, end } = await shard.openOrdered();
      const request = { from: 0, to: end, numbers, skip: (seqNo: number) => stored.has(seqNo) };
      try {
        for await (const { segment } of copyOrdered(settle.writing, shard, shard.target, view, request)) {
          segments.push(segment);
          stored.add(await new SegmentNumbers(settle.catalogue.store, {}).live(segment));
          if (isFirst && shard.maxSeqNo % 4 === 0) await shard.closeLasting(view);
        }
        break;
      } catch (error) {
        if (!isSnapkeepError(error, 'view_lost')) throw error;
      }
    }
    try {
      return await settleShard({ ...settle, copied: { segments, covers: [numbers] } });
    } catch (error) {
      if (!isSnapkeepError(error, 'shard_inconsistent')) throw error;
      return settleShard({ ...settle, base: undefined, copied: NOTHING_COPIED });
    }
  }

  /** Tries until a process lives long enough. */
  private async step<T>(work: (catalogue: Catalogue) => Promise<T>): Promise<T> {
    const { zombies } = this.history;
    for (;;) {
      const fate = this.fates.shift();
      const late = (call: Promise<unknown>): void => void zombies.push(call);
      const store = new CrashingBlobStore(this.connect(), fate?.diesAfter, fate?.lastCall, late);
      if (fate?.zombie === true) {
        zombies.push(work(new Catalogue(store)).catch(() => {}));
        continue;
      }
      try {
        return await work(new Catalogue(store));
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
    }
  }

  /** Starts a step nobody waits for. */
  private abandon(work: (catalogue: Catalogue) => Promise<unknown>): void {
    if (this.fates[0]?.zombie !== true) return;
    this.history.zombies.push(work(new Catalogue(this.connect())).catch(() => {}));
  }
}

function manifestOf(job: SnapshotJob, uuid: string, entries: readonly (ShardEntry | null)[]): SnapshotManifest {
  let at = 0;
  return buildSnapshotManifest(
    {
      snapshot: job.name,
      uuid,
      startMillis: 1,
      endMillis: 2,
      cluster: CLUSTER,
      includeGlobalState: false,
      indices: job.indices.map((index) => ({
        name: index.name,
        uuid: index.shards[0].indexUuid,
        settings: '{}',
        mappings: '{}',
        aliases: '{}',
        shards: index.shards.map(() => entries[at++]),
      })),
      failures: [],
    },
    { partial: true },
  );
}

/** The base was removed and swept meanwhile. */
function noBase(error: unknown): undefined {
  if (isSnapkeepError(error, 'blob_missing')) return undefined;
  throw error;
}
