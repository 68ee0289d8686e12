/** Copies the only group of a snapshot in one step: opens the views of its shards together, and settles them. */
import { type ShardProgress, type SmallGroupResult } from '../contracts/jobs/copy';
import { type CopyProgress } from '../contracts/jobs/job';
import { type ObjectRef } from '../contracts/stored';
import { GroupProgress } from './group-progress';
import { type GroupCursor, keepGroupResults } from './group-results';
import { changedShards, type JobPlan, writePlan } from './job-plan';
import { closeViews, openViews } from './open-views';
import { settleGroup } from './settle-group';
import { type SnapshotCopy } from './shard-copying';
import { type ShardInView } from './shard-in-view';

/** The open views of a group, and the shards that were settled. */
export interface SmallGroupCursor extends GroupCursor {
  /** The plan, in which shards that moved have become changed ones. */
  readonly plan: ObjectRef;
  readonly shards: readonly ShardInView[];
  /** The shards from this ordinal on have no view yet. */
  readonly to: number;
  readonly unchangedMillis: number;
}

/** The part of a group that earlier attempts have done, and the receivers of what this attempt does. */
interface GroupRun {
  readonly resumeFrom: SmallGroupCursor | undefined;
  readonly advance: (cursor: SmallGroupCursor) => void;
  readonly progress: (written: CopyProgress, working: readonly ShardProgress[]) => void;
  /** Returns whether the attempt ends because its job was cancelled. */
  readonly isCancelled: () => boolean;
}

/**
 * Copies all changed shards of the plan `ref`, and keeps their results as a note. An attempt after a failed one goes on
 * in the same views. Throws retryable errors, and errors that concern the repository or the service. A job that was
 * cancelled leaves no view open.
 */
export async function copySmallGroup(
  copy: SnapshotCopy,
  given: { readonly plan: JobPlan; readonly ref: ObjectRef },
  { resumeFrom, advance, progress, isCancelled }: GroupRun,
): Promise<SmallGroupResult> {
  const { repository, notes, uuid, signal } = copy;
  let cursor = resumeFrom;
  try {
    for (;;) {
      cursor ??= await openGroup(copy, given, undefined);
      advance(cursor);
      const isSame = cursor.plan.key === given.ref.key;
      const plan = isSame ? given.plan : await notes.plan(repository.store, cursor.plan, signal);
      const changed = changedShards(plan);
      const group = cursor.shards.map((at) => ({ at, shard: changed[at.ordinal]! }));
      const { results: before, ...opened } = cursor;
      const former = before.filter(({ ordinal }) => ordinal < (cursor!.shards[0]?.ordinal ?? 0));
      const results = await settleGroup(copy, group, {
        done: before.slice(former.length),
        onDone: (done) => advance({ ...opened, results: [...former, ...done] }),
        progress: new GroupProgress(progress),
      });
      cursor = { ...opened, results: [...former, ...results] };
      if (cursor.to >= changed.length) break;
      cursor = await openGroup(copy, { plan, ref: cursor.plan }, cursor);
    }
  } catch (error) {
    if (cursor !== undefined && isCancelled()) await closeViews(copy.reader, cursor.shards);
    throw error;
  }
  const { plan, unchangedMillis, results } = cursor;
  return { ...(await keepGroupResults(repository, uuid, results, signal)), plan, unchangedMillis };
}

/** Opens the views of all shards that have none yet, or of as many as may be open. */
async function openGroup(
  copy: SnapshotCopy,
  { plan, ref }: { readonly plan: JobPlan; readonly ref: ObjectRef },
  former: SmallGroupCursor | undefined,
): Promise<SmallGroupCursor> {
  const { repository, signal } = copy;
  const opened = await openViews(copy, plan, { from: former?.to });
  const options = { compress: repository.write.compress, signal };
  return {
    plan: opened.revised ? await writePlan(repository.store, opened.plan, options) : ref,
    shards: opened.shards,
    to: opened.to,
    unchangedMillis: former?.unchangedMillis ?? opened.unchangedMillis,
    results: former?.results ?? [],
  };
}
