import { LRUCache } from 'lru-cache';
import { type ShardProgress, type ShardResult, type ShardStage } from '../../contracts/jobs/copy';
import { type CopyProgress, NO_PROGRESS } from '../../contracts/jobs/job';
import { type SnapshotStatus } from '../../contracts/jobs/snapshot';
import { groupStatusQuery, snapshotStatusQuery } from '../../contracts/jobs/workflow-messages';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { heartbeatsOf, type LiveProgress } from './heartbeats';
import { type RunningSnapshot } from './running-jobs';

/** Reads the progress of each changed shard of a running snapshot from its job, the child workflows and heartbeats. */
export class ShardProgressReader {
  /** Progress of groups that have ended; it never changes. */
  private readonly ended = new LRUCache<string, readonly ShardProgress[]>({ max: 2_000 });
  /**
   * The furthest progress seen of each shard, by workflow and plan. Heartbeats disappear with their activity, shortly
   * before the workflow records its result, and are the only source of what each shard has written.
   */
  private readonly furthest = new LRUCache<string, ReadonlyMap<number, ShardProgress>>({ max: 2_000 });

  constructor(private readonly calls: TemporalCalls) {}

  /**
   * Returns the progress by ordinal in the plan's changed shards; `expected` holds their documents. Shards that have
   * not started may be missing. Throws `worker_unavailable` when no worker answers.
   */
  async read({ job }: RunningSnapshot, expected: readonly number[]): Promise<ReadonlyMap<number, ShardProgress>> {
    const status = await this.calls.query(job.workflowId, snapshotStatusQuery);
    if (status === undefined) return new Map();
    const [own, ...groups] = await Promise.all([
      this.live(job.workflowId, [...status.shards, ...status.settling.flatMap(settledShards)], expected),
      ...status.groups.map((slot) => this.group(slot.workflowId, slot.done, expected)),
    ]);
    const key = `${job.workflowId} ${status.plan?.key}`;
    const progress = new Map(this.furthest.get(key));
    // What is settled comes last: it goes on from what the groups copied.
    for (const shard of [...groups.flat(), ...own]) {
      progress.set(shard.ordinal, later(progress.get(shard.ordinal), shard));
    }
    this.furthest.set(key, progress);
    return progress;
  }

  private async group(
    workflowId: string,
    done: boolean,
    expected: readonly number[],
  ): Promise<readonly ShardProgress[]> {
    const known = this.ended.get(workflowId);
    if (known !== undefined) return known;
    const answer = await this.calls.query(workflowId, groupStatusQuery);
    if (answer === undefined) return [];
    if (!done) return this.live(workflowId, answer.shards, expected);
    this.ended.set(workflowId, answer.shards);
    return answer.shards;
  }

  private async live(
    workflowId: string,
    shards: readonly ShardProgress[],
    expected: readonly number[],
  ): Promise<readonly ShardProgress[]> {
    if (!shards.some((shard) => shard.stage === 'STARTED')) return shards;
    const described = await this.calls.describe(workflowId);
    return described === undefined ? shards : withHeartbeats(shards, heartbeatsOf(described), expected);
  }
}

/** Returns the shards of a group that is being settled, or is settled, before heartbeats are added. */
function settledShards({ group, done }: SnapshotStatus['settling'][number]): ShardProgress[] {
  const stage = done ? ('DONE' as const) : ('STARTED' as const);
  return Array.from({ length: group.count }, (_, i) => ({ ordinal: group.first + i, stage, ...NO_PROGRESS }));
}

/** Returns the further of two observations of a shard, so that a shard that is copied again does not go back. */
export function later(before: ShardProgress | undefined, now: ShardProgress): ShardProgress {
  if (before === undefined || RANKS[now.stage] > RANKS[before.stage]) {
    // Only its last heartbeats told what an ended activity has written.
    return before !== undefined && now.bytes < before.bytes
      ? { ...now, documents: before.documents, objects: before.objects, bytes: before.bytes }
      : now;
  }
  const isEnded = before.stage === 'FAILURE' || RANKS[now.stage] < RANKS[before.stage];
  return isEnded || now.bytes < before.bytes ? before : now;
}

const RANKS: Readonly<Record<ShardStage, number>> = { INIT: 0, STARTED: 1, FINALIZE: 2, DONE: 3, FAILURE: 3 };

/**
 * Returns the shards with the progress of the heartbeats added. If the heartbeats name the shards being copied, the
 * other shards have not begun. If they do not (large shards), the amounts written are divided among the started shards
 * in proportion to their `expected` documents (by ordinal). The sum is then exact but for rounding.
 */
export function withHeartbeats(
  shards: readonly ShardProgress[],
  live: LiveProgress,
  expected: readonly number[],
): ShardProgress[] {
  const finished = new Map(live.finished.map((result) => [result.ordinal, result]));
  const settled = shards.map((shard) => {
    const result = finished.get(shard.ordinal);
    return result === undefined ? shard : finishedShard(result);
  });
  if (live.working !== undefined) {
    const working = new Map(live.working.map((shard) => [shard.ordinal, shard]));
    return settled.map((shard) =>
      shard.stage === 'STARTED' ? (working.get(shard.ordinal) ?? { ...shard, stage: 'INIT' }) : shard,
    );
  }
  const started = settled.filter((shard) => shard.stage === 'STARTED');
  if (started.length === 0) return settled;
  const sum = (field: keyof CopyProgress): number =>
    [...finished.values()].reduce((all, { entry }) => all + addedBy(entry)[field], 0);
  const weight = ({ ordinal }: ShardProgress): number => Math.max(1, expected[ordinal] ?? 1);
  const weights = started.reduce((all, shard) => all + weight(shard), 0);
  return settled.map((shard) => {
    if (shard.stage !== 'STARTED') return shard;
    const share = (field: keyof CopyProgress): number =>
      shard[field] + Math.floor((Math.max(0, live.written[field] - sum(field)) * weight(shard)) / weights);
    return { ...shard, documents: share('documents'), objects: share('objects'), bytes: share('bytes') };
  });
}

function finishedShard({ ordinal, entry, failure }: ShardResult): ShardProgress {
  return failure === undefined
    ? { ordinal, stage: 'DONE', ...addedBy(entry) }
    : { ordinal, stage: 'FAILURE', ...addedBy(undefined), reason: failure.reason };
}

function addedBy(entry: ShardResult['entry']): CopyProgress {
  const totals = entry?.totals;
  return {
    documents: totals?.documents ?? 0,
    objects: totals?.addedObjects ?? 0,
    bytes: totals?.addedBytes ?? 0,
  };
}
