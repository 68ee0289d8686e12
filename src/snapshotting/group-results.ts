/** The notes that steps for whole groups of shards leave and find. */
import {
  type CopiedGroup,
  type CopiedShard,
  type CopyGroupInput,
  type GroupResult,
  type SettleGroupInput,
  type ShardResult,
} from '../contracts/jobs/copy';
import { type OpenRepository } from '../registrations/open-repositories';
import { putList } from './job-notes';
import { changedShards, type JobPlan } from './job-plan';
import { type ShardToSettle } from './settle-group';
import { type SnapshotCopy } from './shard-copying';

/** The shards of a group that an attempt has settled; `_status` finds them in heartbeats. */
export interface GroupCursor {
  readonly results: readonly ShardResult[];
}

/** Keeps the results of a group's shards as a note, for the commit. Throws what the store throws. */
export async function keepGroupResults(
  { store, write }: OpenRepository,
  uuid: string,
  results: readonly ShardResult[],
  signal: AbortSignal,
): Promise<GroupResult> {
  return {
    results: await putList(store, uuid, 'results', results, { compress: write.compress, signal }),
    failed: results.filter((result) => result.failure !== undefined).length,
  };
}

/** Keeps what was copied of a group's shards as a note, for settling them. Throws what the store throws. */
export async function keepCopied(
  { store, write }: OpenRepository,
  { uuid, group: { first, count } }: Pick<CopyGroupInput, 'uuid' | 'group'>,
  copied: readonly CopiedShard[],
  signal: AbortSignal,
): Promise<CopiedGroup> {
  return { first, count, copied: await putList(store, uuid, 'copied', copied, { compress: write.compress, signal }) };
}

/** Reads the notes about the shards of a group that is to be settled. Throws `blob_missing` once the job is over. */
export async function readGroup(
  { repository: { store }, notes, signal }: SnapshotCopy,
  plan: JobPlan,
  { group: { first, count }, views, copied }: SettleGroupInput,
): Promise<ShardToSettle[]> {
  const [inViews, before] = await Promise.all([
    notes.views(store, views, signal),
    Promise.all(copied.map((ref) => notes.copied(store, ref, signal))),
  ]);
  const viewOf = new Map(inViews.map((one) => [one.ordinal, one]));
  const copiedOf = new Map(before.flat().map((one) => [one.ordinal, one]));
  return changedShards(plan)
    .slice(first, first + count)
    .map((shard) => {
      const { ordinal } = shard;
      return { shard, at: viewOf.get(ordinal) ?? { ordinal }, copied: copiedOf.get(ordinal) };
    });
}
