/**
 * Copies a snapshot that has next to nothing to copy in the step that plans it. That saves the notes in the bucket and
 * two more activities. It is a short cut only: if anything fails or takes long, the job copies in groups.
 */
import { type ShardState } from '../cluster/reading/document-reader';
import { inLanes } from '../concurrency/lanes';
import { isSnapkeepError } from '../contracts/errors';
import { type ShardResult } from '../contracts/jobs/copy';
import { type CopiedJob } from './build-manifest';
import { type ChangedShard, changedShards, type JobPlan } from './job-plan';
import { closeViews, openViews } from './open-views';
import { settleInOwnView, settleInView } from './settle-group';
import { type SnapshotCopy } from './shard-copying';
import { indexNamesOf, ofSameHistory, ShardStates } from './states-at-copy';

/** The most that is copied at once: shards, bytes to read, and documents of bases that may have to be compared. */
const MOST = { shards: 8, bytes: 1024 * 1024, baseDocuments: 100_000 } as const;
/** Longest time it may take, ms: a job that waits for a store or a cluster must not look as if it had not begun. */
const TIME_LIMIT_MS = 1_000;

/**
 * Copies the changed shards of the plan. `planned` are the states that the plan was made from, read before the refresh.
 * Returns undefined when the shards are too large, or when a foreseen failure came: nothing is decided then, and what
 * was written are leftovers. Throws the signal's reason, and programming errors. All writing has ended when the call
 * returns.
 */
export async function copyAtOnce(
  copy: SnapshotCopy,
  plan: JobPlan,
  planned: readonly ShardState[],
): Promise<CopiedJob | undefined> {
  const shards = changedShards(plan);
  if (!areSmall(shards)) return undefined;
  if (shards.length === 0) return { plan, results: [], unchangedMillis: plan.seenMillis };
  // AbortSignal.any() holds its sources weakly: on Node 20 an AbortSignal.timeout() may be collected, and never come.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
  const signal = AbortSignal.any([copy.signal, limit.signal]);
  try {
    const copied = await copyAll({ ...copy, signal }, plan, new ShardStates(planned));
    return copied?.results.some((result) => result.failure !== undefined) ? undefined : copied;
  } catch (error) {
    if (!isSnapkeepError(error) && !signal.aborted) throw error;
    return undefined;
  } finally {
    clearTimeout(timer);
    copy.signal.throwIfAborted();
  }
}

/**
 * Copies the shards concurrently, in views that are opened together. Throws the first failure, but not before all of
 * them have ended. Returns undefined when so many more shards have changed that it is no longer little.
 */
async function copyAll(copy: SnapshotCopy, plan: JobPlan, planned: ShardStates): Promise<CopiedJob | undefined> {
  const { cluster, signal } = copy;
  const opened = await openViews(copy, plan, { planned });
  const shards = changedShards(opened.plan);
  if (opened.to < shards.length || !areSmall(shards)) {
    await closeViews(copy.reader, opened.shards);
    return undefined;
  }
  const viewless = shards.filter(({ ordinal }) => opened.shards[ordinal]!.state === undefined);
  const sinceMillis = Date.now();
  if (viewless.length > 0) await cluster.refresh(indexNamesOf(viewless), signal);
  const results: ShardResult[] = [];
  await inLanes(shards, MOST.shards, async (shard) => {
    const at = opened.shards[shard.ordinal]!;
    const entry = await (at.state === undefined
      ? settleInOwnView(copy, shard, { states: planned, sinceMillis })
      : settleInView(copy, shard, at));
    results.push({ ordinal: shard.ordinal, entry });
  });
  const checked = viewless.length === 0 ? results : await ofSameHistory(cluster, results, viewless, signal);
  return { plan: opened.plan, results: checked, unchangedMillis: opened.unchangedMillis };
}

function areSmall(shards: readonly ChangedShard[]): boolean {
  const sum = (of: (shard: ChangedShard) => number): number => shards.reduce((all, shard) => all + of(shard), 0);
  return (
    shards.length <= MOST.shards &&
    sum((shard) => shard.plan.bytes) <= MOST.bytes &&
    sum((shard) => shard.plan.base?.totals.documents ?? 0) <= MOST.baseDocuments
  );
}
