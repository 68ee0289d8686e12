/**
 * Restoring a list of indices, in the restore's own workflow when there is little to do, in child workflows otherwise.
 * Each index has a cancellation scope of its own, so that one can be stopped and deleted while the others go on.
 */
import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import { bounded, boundedSum, cutReason } from '../src/contracts/jobs/bounded';
import { type Bounded } from '../src/contracts/jobs/bounded';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type IndexRecovery, type RecoveryStage, type ShardRecovery } from '../src/contracts/jobs/recovery';
import {
  type IndexRequest,
  type IndexRestore,
  type LeftOut,
  type PreparedIndex,
  type RestoreChunk,
  type RestoreFailure,
  type RestoreSummary,
} from '../src/contracts/jobs/restore';
import { type ObjectRef } from '../src/contracts/stored';
import { jobFailure, reasonOf } from './failures';
import { inWindow } from './in-window';
import { controlActivities, dataActivities } from './profiles';

const INDICES_AT_ONCE = 2;
const CHUNKS_AT_ONCE = 2;
/** Pauses between looks at an index that has no node yet. */
const FIRST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 30_000;

export interface IndexRestoresInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: ObjectRef;
  readonly request: IndexRequest;
  readonly indices: readonly IndexRestore[];
  readonly options: JobOptions;
}

export class IndexRestores {
  readonly recoveries: IndexRecovery[];
  private readonly scopes = new Map<string, CancellationScope>();
  private readonly stopped = new Set<string>();
  private readonly prepared = new Map<number, PreparedIndex>();
  private readonly leftOut: Bounded<LeftOut>[] = [];
  private readonly failures: RestoreFailure[] = [];

  /** `now` is the workflow's clock. */
  constructor(
    private readonly input: IndexRestoresInput,
    private readonly now: () => number = Date.now,
  ) {
    this.recoveries = input.indices.map((index) => ({
      source: index.source,
      target: index.target,
      state: 'WAITING',
      startMillis: now(),
      shards: Array.from({ length: index.shards }, (_, shard) => ({ ...EMPTY_SHARD, shard })),
    }));
  }

  /** Restores every index; an index that fails is deleted again and reported, the others go on. */
  async run(): Promise<void> {
    await inWindow([...this.input.indices.keys()], INDICES_AT_ONCE, async (i) => {
      const index = this.input.indices[i];
      const scope = new CancellationScope();
      this.scopes.set(index.target, scope);
      try {
        if (this.stopped.has(index.target)) scope.cancel();
        await scope.run(() => this.restore(i));
        this.show(i, { state: 'DONE', stopMillis: this.now() });
      } catch (error) {
        const stopped = isCancellation(error);
        const reason = stopped ? 'stopped: the index was deleted' : reasonOf(error);
        const left = await CancellationScope.nonCancellable(() => this.undo(i));
        this.failed(i, cutReason(reason + left), stopped);
        if (stopped && !this.stopped.has(index.target)) throw error;
      } finally {
        this.scopes.delete(index.target);
      }
    });
  }

  /** Stops the restore of one index and deletes what it wrote; nothing happens where it is not one of these. */
  stop(target: string): void {
    this.stopped.add(target);
    this.scopes.get(target)?.cancel();
  }

  /** What came of the indices that are done, failed or stopped by now. */
  summary(): RestoreSummary {
    const done = this.recoveries.filter((one) => one.state === 'DONE');
    const failed = this.recoveries.filter((one) => one.state === 'FAILED' || one.state === 'CANCELLED');
    const shards = (of: readonly IndexRecovery[]): number => of.reduce((sum, one) => sum + one.shards.length, 0);
    return {
      indices: { done: done.length, failed: failed.length },
      shards: { total: shards(done) + shards(failed), failed: shards(failed) },
      documents: done.reduce(
        (sum, one) => sum + one.shards.reduce((all, shard) => all + shard.recoveredDocuments, 0),
        0,
      ),
      restored: done.map((one) => one.target),
      failures: bounded(this.failures),
      leftOut: boundedSum(this.leftOut),
    };
  }

  private async restore(i: number): Promise<void> {
    const index = this.input.indices[i];
    const { options, request } = this.input;
    const call = { ...this.job(), index };
    this.show(i, { state: 'RUNNING', startMillis: this.now() });
    const prepared = await controlActivities(options, `create ${index.target}`).prepareIndex({ ...call, request });
    this.prepared.set(i, prepared);
    this.missed(prepared.leftOut);
    const { uuid, cloned } = prepared;
    await this.untilActive(i, uuid, cloned);
    const shards = this.recoveries[i].shards.map((shard) => total(shard, prepared.chunks));
    this.show(i, { shards });
    await inWindow(prepared.chunks, CHUNKS_AT_ONCE, async (chunk) => {
      const label = `${index.target}[${chunk.shard}] segments ${chunk.first + 1}–${chunk.first + chunk.count}`;
      const { conflicts } = await dataActivities(options, label).restoreChunk({ ...call, chunk, options });
      this.missed({
        total: conflicts.total,
        first: conflicts.first.map((name) => ({ index: index.target, kind: 'document', name, reason: NEWER })),
      });
      this.recovered(i, chunk);
    });
    this.stage(i, 'FINALIZE');
    const finish = controlActivities(options, `verify and open ${index.target}`).finishIndex;
    const { leftOut } = await finish({ ...call, request, uuid });
    this.missed(leftOut);
    this.stage(i, 'DONE');
  }

  /** Waits until the index can be written; gives up with the cluster's reason when the retry window is over. */
  private async untilActive(i: number, uuid: string, cloned: boolean): Promise<void> {
    const index = this.input.indices[i];
    const { options } = this.input;
    const since = this.now();
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_LOOK_MS, pause * 2)) {
      const look = controlActivities(options, `wait for ${index.target}`).awaitIndex;
      const waitingFor = await look({ ...this.job(), index, uuid, cloned });
      this.show(i, { waitingFor: waitingFor ?? undefined });
      if (waitingFor == null) return;
      if (this.now() - since > options.retryWindowMs)
        throw new Error(`no progress within the retry window: ${waitingFor}`);
      if (pause === FIRST_LOOK_MS) log.warn('restore waits', { index: index.target, waitingFor });
      await sleep(Math.min(pause, options.retryWindowMs));
    }
  }

  /** Deletes what was written of the index. Returns what is left of it, as the end of a reason. */
  private async undo(i: number): Promise<string> {
    const index = this.input.indices[i];
    const { uuid, cloned = true } = this.prepared.get(i) ?? {};
    try {
      const undo = controlActivities(this.input.options, `delete ${index.target}`).undoIndex;
      await undo({ ...this.job(), index, uuid, cloned });
      return '';
    } catch (error) {
      return `; what was written of it could not be deleted, delete it: ${reasonOf(error)}`;
    }
  }

  private failed(i: number, reason: string, stopped: boolean): void {
    const { target } = this.input.indices[i];
    this.failures.push({ index: target, reason });
    this.show(i, {
      state: stopped ? 'CANCELLED' : 'FAILED',
      stopMillis: this.now(),
      failure: stopped ? undefined : reason,
      waitingFor: undefined,
    });
    const { repository, snapshot } = this.input;
    log.warn('index not restored', { repository: repository.name, snapshot, index: target, reason });
  }

  private missed(leftOut: Bounded<LeftOut>): void {
    if (leftOut.total === 0) return;
    this.leftOut.push(leftOut);
    log.warn('left out of a restored index', { total: leftOut.total, first: leftOut.first.slice(0, 10) });
  }

  private job() {
    const { repository, snapshot, id, manifest } = this.input;
    return { repository, snapshot, id, manifest };
  }

  private recovered(i: number, chunk: RestoreChunk): void {
    const shards = this.recoveries[i].shards.map((shard) =>
      shard.shard !== chunk.shard
        ? shard
        : {
            ...shard,
            recoveredDocuments: shard.recoveredDocuments + chunk.documents,
            recoveredBytes: shard.recoveredBytes + chunk.bytes,
            recoveredObjects: shard.recoveredObjects + chunk.objects,
          },
    );
    this.show(i, { shards });
  }

  private stage(i: number, stage: RecoveryStage): void {
    this.show(i, { shards: this.recoveries[i].shards.map((shard) => ({ ...shard, stage })) });
  }

  private show(i: number, change: Partial<IndexRecovery>): void {
    this.recoveries[i] = { ...this.recoveries[i], ...change };
  }
}

/** What fails a list of indices as a whole: each of them counts as failed, with the same reason. */
export function allFailed(error: unknown, labels: readonly string[], shards: number): RestoreSummary {
  const reason = cutReason(reasonOf(jobFailure(error)));
  return {
    indices: { done: 0, failed: labels.length },
    shards: { total: shards, failed: shards },
    documents: 0,
    restored: [],
    failures: bounded(labels.map((index) => ({ index, reason }))),
    leftOut: bounded<LeftOut>([]),
  };
}

const NEWER = 'somebody wrote a newer version during the restore: that one was kept';

const EMPTY_SHARD: Omit<ShardRecovery, 'shard'> = {
  stage: 'INIT',
  documents: 0,
  bytes: 0,
  objects: 0,
  recoveredDocuments: 0,
  recoveredBytes: 0,
  recoveredObjects: 0,
};

function total(shard: ShardRecovery, chunks: readonly RestoreChunk[]): ShardRecovery {
  const own = chunks.filter((chunk) => chunk.shard === shard.shard);
  const sum = (field: 'documents' | 'bytes' | 'objects'): number => own.reduce((all, chunk) => all + chunk[field], 0);
  return { ...shard, stage: 'INDEX', documents: sum('documents'), bytes: sum('bytes'), objects: sum('objects') };
}
