/**
 * Jobs on a repository as a workflow engine runs them: every step is an activity that may die at any store call and is then
 * tried again by another process; a step that seems dead may go on as a zombie beside its successor. What finished
 * steps returned is remembered, nothing else.
 */
import { BlobStore } from '../../../src/blobs/blob-store';
import { isSnapkeepError, SnapkeepError } from '../../../src/contracts/errors';
import { RemovedSnapshot } from '../../../src/contracts/jobs';
import { findBases, shardId } from '../../../src/repository/base-rule';
import { Catalogue } from '../../../src/repository/catalogue';
import { CodecPool } from '../../../src/repository/codec-pool';
import {
  buildSnapshotManifest,
  commitSnapshot,
  removeSnapshots,
  toRemoved,
} from '../../../src/repository/commit-snapshot';
import { ShardEntry } from '../../../src/repository/format';
import { newAttempt, newSnapshotUuid } from '../../../src/repository/keys';
import { deleteLeftovers, rollbackSnapshot } from '../../../src/repository/orphans';
import { findSnapshotByUuid } from '../../../src/repository/root';
import { sweepSnapshot } from '../../../src/repository/sweep';
import { isSameSession, isUnchanged, sharedEntry } from '../../../src/repository/unchanged';
import { Crash, CrashingBlobStore } from './crashing-blob-store';
import { ModelDocument, ShardModel } from './shard-model';
import { CLUSTER, copyTrusting, expected, identityOf, isProven } from './shards';

/** How one try of a step ends. */
export interface Fate {
  /** Store calls after which the process dies; unset: it lives. */
  readonly diesAfter?: number;
  readonly lastCallReaches: boolean;
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

export class Jobs {
  /** What every committed snapshot holds, by UUID. */
  readonly committed = new Map<string, { name: string; contents: Contents }>();
  readonly zombies: Promise<unknown>[] = [];
  private readonly pool = new CodecPool(1);

  /**
   * @param connect a process's way to the bucket.
   * @param fates what becomes of the steps to come, one each; when they are used up all live.
   */
  constructor(
    private readonly connect: () => BlobStore,
    private readonly fates: Fate[],
  ) {}

  async snapshot(job: SnapshotJob): Promise<'committed' | 'refused' | 'cancelled'> {
    const uuid = newSnapshotUuid();
    for (;;) {
      const results: { entry: ShardEntry | null; documents: readonly ModelDocument[] | null; id: string }[] = [];
      const shards = job.indices.flatMap((index) => index.shards);
      const bases = await this.step(async (catalogue) =>
        findBases(
          catalogue,
          await catalogue.readRoot(),
          shards.map(({ indexUuid, shard }) => ({ indexUuid, shard })),
        ),
      );
      for (const [i, shard] of shards.entries()) {
        const id = shardId(shard.indexUuid, shard.shard);
        if (job.failing.has(i)) {
          results.push({ entry: null, documents: null, id });
          continue;
        }
        const one = await this.step((catalogue) => this.copy(catalogue, uuid, shard, job, bases.get(id)));
        results.push({ ...one, id });
      }
      let at = 0;
      const manifest = buildSnapshotManifest(
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
            shards: index.shards.map(() => results[at++].entry),
          })),
          failures: [],
        },
        { partial: true },
      );
      const contents = new Map(
        results.map(({ id, documents }) => [id, manifest.state === 'FAILED' ? null : documents]),
      );
      const commit = (catalogue: Catalogue) => commitSnapshot(catalogue, manifest, { compress: false });
      if (job.cancelled) {
        this.abandon(commit);
        const { committed } = await this.step((catalogue) => rollbackSnapshot(catalogue, uuid));
        if (committed) this.committed.set(uuid, { name: job.name, contents });
        return committed ? 'committed' : 'cancelled';
      }
      try {
        await this.step(commit);
      } catch (error) {
        if (isSnapkeepError(error, 'base_changed')) continue; // plan again
        if (!isSnapkeepError(error)) throw error;
        await this.step((catalogue) => rollbackSnapshot(catalogue, uuid));
        return 'refused';
      }
      this.committed.set(uuid, { name: job.name, contents });
      await this.step((catalogue) => deleteLeftovers(catalogue, uuid));
      return 'committed';
    }
  }

  /** A second name for a snapshot, of some of its indices. */
  async clone(sourceUuid: string, name: string, keeps: (index: number) => boolean): Promise<void> {
    // Now: by the time the clone is committed its source may have been removed.
    const sourceContents = this.committed.get(sourceUuid)?.contents;
    const uuid = newSnapshotUuid();
    try {
      await this.step(async (catalogue) => {
        const entry = findSnapshotByUuid(await catalogue.readRoot(), sourceUuid);
        if (entry === undefined) throw new SnapkeepError('snapshot_missing_exception', 'the source is gone');
        const source = await catalogue.readSnapshotManifest(entry.manifest);
        const indices = source.indices
          .filter((_, i) => keeps(i))
          .map((index) => ({ ...index, shards: index.shards.map((shard) => shard && sharedEntry(shard, 1)) }));
        const manifest = buildSnapshotManifest(
          { ...source, snapshot: name, uuid, indices, failures: [] },
          { partial: true },
        );
        await commitSnapshot(catalogue, manifest, { compress: false, cloneOf: sourceUuid });
        const contents = new Map(sourceContents);
        for (const id of contents.keys()) {
          if (!indices.some((index) => id.startsWith(`${index.uuid}/`))) contents.delete(id);
        }
        this.committed.set(uuid, { name, contents });
      });
      await this.step((catalogue) => deleteLeftovers(catalogue, uuid));
    } catch (error) {
      if (!isSnapkeepError(error)) throw error; // the source went, or the name came
      await this.step((catalogue) => rollbackSnapshot(catalogue, uuid));
    }
  }

  async remove(uuids: readonly string[]): Promise<void> {
    const removed = await this.step<readonly RemovedSnapshot[]>(async (catalogue) => {
      const { snapshots } = await catalogue.readRoot();
      return snapshots
        .filter((entry) => uuids.includes(entry.uuid))
        .map((entry) => ({ snapshot: entry.snapshot, ...toRemoved(entry) }));
    });
    await this.step((catalogue) =>
      removeSnapshots(
        catalogue,
        removed.map((one) => one.uuid),
      ),
    );
    for (const { uuid } of removed) this.committed.delete(uuid);
    for (const one of removed) await this.step((catalogue) => sweepSnapshot(catalogue, one));
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
    const entry = await copyTrusting({
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
        openView: (target, request) => {
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
    });
    return { entry, documents };
  }

  /** Tries until a process lives long enough. */
  private async step<T>(work: (catalogue: Catalogue) => Promise<T>): Promise<T> {
    for (;;) {
      const fate = this.fates.shift();
      const store = new CrashingBlobStore(this.connect(), fate?.diesAfter, fate?.lastCallReaches);
      if (fate?.zombie === true) {
        this.zombies.push(work(new Catalogue(store)).catch(() => {}));
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
    this.zombies.push(work(new Catalogue(this.connect())).catch(() => {}));
  }
}

/** The base was removed and swept meanwhile. */
function noBase(error: unknown): undefined {
  if (isSnapkeepError(error, 'blob_missing')) return undefined;
  throw error;
}
