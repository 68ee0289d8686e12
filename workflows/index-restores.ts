/**
 * Restoring a list of indices, in the restore's own workflow when there is little to do, in child workflows otherwise.
 * Each index has a cancellation scope of its own, so that one can be stopped and deleted while the others go on.
 */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import {
  type IndexRecovery,
  type RecoveryStage,
  type RestoreChunk,
  type RestoreGroupInput,
  type ShardRecovery,
} from '../src/contracts/jobs';
import { reasonOf } from './failures';
import { controlActivities, dataActivities } from './profiles';
import { inWindow } from './window';

const INDICES_AT_ONCE = 2;
const CHUNKS_AT_ONCE = 2;

export class IndexRestores {
  readonly recoveries: IndexRecovery[];
  private readonly scopes = new Map<string, CancellationScope>();
  private readonly stopped = new Set<string>();

  /** `now` is the workflow's clock. */
  constructor(
    private readonly input: RestoreGroupInput,
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

  /** Restores every index; an index that fails is deleted again and recorded, the others go on. */
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
        await CancellationScope.nonCancellable(() => this.undo(i));
        const stopped = isCancellation(error);
        this.show(i, {
          state: stopped ? 'CANCELLED' : 'FAILED',
          stopMillis: this.now(),
          failure: stopped ? undefined : reasonOf(error),
        });
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

  private async restore(i: number): Promise<void> {
    const index = this.input.indices[i];
    const call = { ...this.job(), index };
    this.show(i, { state: 'RUNNING', startMillis: this.now() });
    const prepared = await controlActivities(this.input.options, `create ${index.target}`).prepareIndex({
      ...call,
      request: this.input.request,
    });
    const shards = this.recoveries[i].shards.map((shard) => total(shard, prepared.chunks));
    this.show(i, { shards });
    await inWindow(prepared.chunks, CHUNKS_AT_ONCE, async (chunk) => {
      const label = `${index.target}[${chunk.shard}] segments ${chunk.first + 1}–${chunk.first + chunk.count}`;
      await dataActivities(this.input.options, label).restoreChunk({ ...call, chunk, options: this.input.options });
      this.recovered(i, chunk);
    });
    this.stage(i, 'FINALIZE');
    await controlActivities(this.input.options, `verify and open ${index.target}`).finishIndex({
      ...call,
      request: this.input.request,
    });
    this.stage(i, 'DONE');
  }

  private async undo(i: number): Promise<void> {
    const index = this.input.indices[i];
    await controlActivities(this.input.options, `delete ${index.target}`).undoIndex({ ...this.job(), index });
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
