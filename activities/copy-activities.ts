import {
  type ChunkPlan,
  type ChunkResult,
  type CopiedGroup,
  type CopiedShard,
  type CopyGroupInput,
  type GroupResult,
  type OrderedCopy,
  type SettleGroupInput,
  type ShardPlan,
  type SmallGroupResult,
} from '../src/contracts/jobs/copy';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type ObjectRef } from '../src/contracts/stored';
import { type ChunkCursor, copyChunk } from '../src/snapshotting/copy-chunk';
import { copySealedGroup } from '../src/snapshotting/copy-sealed-group';
import { copySmallGroup, type SmallGroupCursor } from '../src/snapshotting/copy-small-group';
import { GroupProgress } from '../src/snapshotting/group-progress';
import { type GroupCursor, keepCopied, keepGroupResults, readGroup } from '../src/snapshotting/group-results';
import { changedShard, changedShards, type JobPlan } from '../src/snapshotting/job-plan';
import { planShard } from '../src/snapshotting/plan-chunks';
import { settleGroup } from '../src/snapshotting/settle-group';
import { type SnapshotCopy } from '../src/snapshotting/shard-copying';
import { isRepeated, runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';
import { type Ledger } from './ledger-client';

/** One large shard of a snapshot's plan. */
interface ShardJob {
  readonly repository: JobRepository;
  readonly uuid: string;
  readonly plan: ObjectRef;
  readonly ordinal: number;
  readonly options: JobOptions;
}

/**
 * The activities that copy shards, on the data queue. Each makes its failure final once it had no progress for the
 * job's retry window. Cancelled, each stops and leaves objects that the roll-back of the snapshot deletes.
 */
export function copyActivities({ cluster, pool, notes }: Dependencies, ledger: Ledger) {
  /** Trusts what the job found out about the cluster when it began; an attempt after a failed one asks the cluster. */
  const open = async (
    call: Pick<ShardJob, 'repository' | 'uuid' | 'plan'>,
    signal: AbortSignal,
  ): Promise<{ plan: JobPlan; copy: SnapshotCopy }> => {
    const repository = ledger.open(call.repository);
    const plan = await notes.plan(repository.store, call.plan, signal);
    const facts = isRepeated() ? await cluster.info(signal) : { ...plan.cluster, pit: plan.pit };
    return {
      plan,
      copy: { cluster, reader: cluster.readerOf(facts), pool, repository, notes, uuid: call.uuid, signal },
    };
  };
  const openShard = async (call: ShardJob, signal: AbortSignal) => {
    const { plan, copy } = await open(call, signal);
    return { copy, shard: changedShard(plan, call.ordinal) };
  };

  return {
    /**
     * Copies the only group of a snapshot: opens the views of its small shards together, settles the shards in them,
     * and keeps the results as a note in the bucket. A repeated attempt goes on in the same views, and skips the shards
     * that an earlier one had finished. A shard that fails for good is a result, not an error.
     */
    copySmallGroup: (call: CopyGroupInput): Promise<SmallGroupResult> =>
      runActivity<SmallGroupResult, SmallGroupCursor>(async (run) => {
        const { plan, copy } = await open(call, run.signal);
        return copySmallGroup(copy, { plan, ref: call.plan }, run);
      }, call.options.retryWindowMs),

    /**
     * Copies what is sealed of a group of small shards. A repeated attempt skips the shards that an earlier one had
     * copied. A shard that fails for good is noted as such.
     */
    copySealedGroup: (call: CopyGroupInput): Promise<CopiedGroup> =>
      runActivity<CopiedGroup, { readonly copied: readonly CopiedShard[] }>(async (run) => {
        const { plan, copy } = await open(call, run.signal);
        const { first, count } = call.group;
        const copied = await copySealedGroup(copy, changedShards(plan).slice(first, first + count), {
          done: run.resumeFrom?.copied ?? [],
          onDone: (done) => run.advance({ copied: done }),
          progress: new GroupProgress(run.progress),
        });
        return keepCopied(copy.repository, call, copied, run.signal);
      }, call.options.retryWindowMs),

    /**
     * Settles a group of shards in the views that were opened for them, and keeps the results as a note in the bucket.
     * A repeated attempt skips the shards that an earlier one had finished.
     */
    settleGroup: (call: SettleGroupInput): Promise<GroupResult> =>
      runActivity<GroupResult, GroupCursor>(async (run) => {
        const { plan, copy } = await open(call, run.signal);
        const results = await settleGroup(copy, await readGroup(copy, plan, call), {
          done: run.resumeFrom?.results ?? [],
          onDone: (done) => run.advance({ results: done }),
          progress: new GroupProgress(run.progress),
        });
        return keepGroupResults(copy.repository, call.uuid, results, run.signal);
      }, call.options.retryWindowMs),

    /**
     * Cuts what a large shard has to read into chunks, about `mostChunks` at most: new operations, and parts of the
     * base to write again. `parts` are notes of what was copied from a view that was lost. `closeOrderedView` closes
     * the view that it may open.
     */
    planShard: (call: ShardJob & { parts: readonly ObjectRef[]; mostChunks: number }): Promise<ShardPlan> =>
      runActivity(async ({ signal }) => {
        const { copy, shard } = await openShard(call, signal);
        return planShard(copy, shard, call);
      }, call.options.retryWindowMs),

    /** Closes the view in which chunks of a shard were copied in document order. One that can't be closed expires. */
    closeOrderedView: ({ view, options }: { view: string; options: JobOptions }): Promise<void> =>
      runActivity(() => cluster.reader.closeLasting({ id: view }), options.retryWindowMs),

    /** Copies one chunk of a large shard. A repeated attempt goes on behind the segments that were noted. */
    copyChunk: (call: ShardJob & { chunk: ChunkPlan; ordered?: OrderedCopy }): Promise<ChunkResult> =>
      runActivity<ChunkResult, ChunkCursor>(async (run) => {
        const { copy, shard } = await openShard(call, run.signal);
        return copyChunk(copy, shard, call.chunk, call.ordered, {
          cursor: run.resumeFrom,
          onNoted: run.advance,
          onProgress: run.progress,
        });
      }, call.options.retryWindowMs),
  };
}
