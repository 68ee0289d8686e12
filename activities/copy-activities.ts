import {
  type ChunkPlan,
  type ChunkResult,
  type CopiedParts,
  type CopyGroupInput,
  type GroupResult,
  type OrderedCopy,
  type ShardPlan,
  type ShardResult,
} from '../src/contracts/jobs/copy';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type ObjectRef } from '../src/contracts/stored';
import { type ChunkCursor, copyChunk } from '../src/snapshotting/copy-chunk';
import { copySmallGroup } from '../src/snapshotting/copy-small-group';
import { keepGroupResults } from '../src/snapshotting/group-results';
import { changedShard, changedShards, type JobPlan, readPlan } from '../src/snapshotting/job-plan';
import { planShard } from '../src/snapshotting/plan-chunks';
import { settleLargeShard } from '../src/snapshotting/settle-large-shard';
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
export function copyActivities({ cluster, pool }: Dependencies, ledger: Ledger) {
  /** Trusts what the job found out about the cluster when it began; an attempt after a failed one asks the cluster. */
  const open = async (
    call: Pick<ShardJob, 'repository' | 'uuid' | 'plan'>,
    signal: AbortSignal,
  ): Promise<{ plan: JobPlan; copy: SnapshotCopy }> => {
    const repository = ledger.open(call.repository);
    const plan = await readPlan(repository.store, call.plan, { signal });
    const facts = isRepeated() ? await cluster.info(signal) : { ...plan.cluster, pit: plan.pit };
    return { plan, copy: { cluster, reader: cluster.readerOf(facts), pool, repository, uuid: call.uuid, signal } };
  };
  const openShard = async (call: ShardJob, signal: AbortSignal) => {
    const { plan, copy } = await open(call, signal);
    return { copy, shard: changedShard(plan, call.ordinal) };
  };

  return {
    /**
     * Copies a group of small shards whole, and keeps the results as a note in the bucket. A repeated attempt skips
     * the shards that an earlier one had finished. A shard that fails for good is a result, not an error.
     */
    copySmallGroup: (call: CopyGroupInput): Promise<GroupResult> =>
      runActivity<GroupResult, readonly ShardResult[]>(async (run) => {
        const { plan, copy } = await open(call, run.signal);
        const { first, count } = call.group;
        const results = await copySmallGroup(copy, changedShards(plan).slice(first, first + count), {
          done: run.resumeFrom ?? [],
          onDone: run.advance,
          onProgress: run.progress,
        });
        return keepGroupResults(copy.repository, call.uuid, results, run.signal);
      }, call.options.retryWindowMs),

    /** Cuts what a large shard has to read into chunks: new operations, and parts of the base to write again. */
    planShard: (call: ShardJob): Promise<ShardPlan> =>
      runActivity(async ({ signal }) => {
        const { copy, shard } = await openShard(call, signal);
        return planShard(copy, shard);
      }, call.options.retryWindowMs),

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

    /** Ends a large shard: one view decides which documents are live, then the shard manifest is written. */
    settleShard: (call: ShardJob & CopiedParts): Promise<ShardResult> =>
      runActivity(async (run) => {
        const { copy, shard } = await openShard(call, run.signal);
        return settleLargeShard(copy, shard, call, run.progress);
      }, call.options.retryWindowMs),
  };
}
