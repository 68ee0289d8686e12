/**
 * Copies a snapshot that has next to nothing to copy in the step that plans it. That saves the notes in the bucket and
 * two more activities. It is a short cut only: if anything fails or takes long, the job copies in groups.
 */
import { type ShardState } from '../cluster/reading/document-reader';
import { inLanes } from '../concurrency/lanes';
import { isSnapkeepError } from '../contracts/errors';
import { type ShardResult } from '../contracts/jobs/copy';
import { copySmallShard } from '../repository/segments/settle-shard';
import { type ChangedShard } from './job-plan';
import { segmentWriting, shardSettling, type SnapshotCopy } from './shard-copying';
import { indexNamesOf, ofSameHistory, ShardStates } from './states-at-copy';

/** The most that is copied at once: shards, bytes to read, and documents of bases that may have to be compared. */
const MOST = { shards: 8, bytes: 1024 * 1024, baseDocuments: 100_000 } as const;
/** Longest time it may take, ms: a job that waits for a store or a cluster must not look as if it had not begun. */
const TIME_LIMIT_MS = 1_000;

/**
 * Copies the shards. `planned` are the states that the plan was made from, read before the refresh. Returns undefined
 * when the shards are too large, or when a foreseen failure came: nothing is decided then, and what was written are
 * leftovers. Throws the signal's reason, and programming errors. All writing has ended when the call returns.
 */
export async function copyAtOnce(
  copy: SnapshotCopy,
  shards: readonly ChangedShard[],
  planned: readonly ShardState[],
): Promise<ShardResult[] | undefined> {
  if (!areSmall(shards)) return undefined;
  if (shards.length === 0) return [];
  // AbortSignal.any() holds its sources weakly: on Node 20 an AbortSignal.timeout() may be collected, and never come.
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), TIME_LIMIT_MS);
  const signal = AbortSignal.any([copy.signal, limit.signal]);
  try {
    const results = await copyAll({ ...copy, signal }, shards, new ShardStates(planned));
    return results.some((result) => result.failure !== undefined) ? undefined : results;
  } catch (error) {
    if (!isSnapkeepError(error) && !signal.aborted) throw error;
    return undefined;
  } finally {
    clearTimeout(timer);
    copy.signal.throwIfAborted();
  }
}

/** Copies the shards concurrently. Throws the first failure, but not before all of them have ended. */
async function copyAll(
  copy: SnapshotCopy,
  shards: readonly ChangedShard[],
  states: ShardStates,
): Promise<ShardResult[]> {
  const { cluster, signal } = copy;
  await cluster.refresh(indexNamesOf(shards), signal);
  const results: ShardResult[] = [];
  await inLanes(shards, MOST.shards, async (shard) => {
    const settle = await shardSettling(copy, shard, states.of(shard), segmentWriting(copy, shard));
    results.push({ ordinal: shard.ordinal, entry: await copySmallShard(settle, signal) });
  });
  return ofSameHistory(cluster, results, shards, signal);
}

function areSmall(shards: readonly ChangedShard[]): boolean {
  const sum = (of: (shard: ChangedShard) => number): number => shards.reduce((all, shard) => all + of(shard), 0);
  return (
    shards.length <= MOST.shards &&
    sum((shard) => shard.plan.bytes) <= MOST.bytes &&
    sum((shard) => shard.plan.base?.totals.documents ?? 0) <= MOST.baseDocuments
  );
}
