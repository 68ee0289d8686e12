/** Copies a group of small shards, a few at a time; a shard that fails for good does not end the others. */
import { inLanes } from '../concurrency/lanes';
import { isSnapkeepError, type SnapkeepError } from '../contracts/errors';
import { type ShardProgress, type ShardResult } from '../contracts/jobs/copy';
import { type CopyProgress } from '../contracts/jobs/job';
import { type ShardEntry } from '../contracts/stored';
import { copySmallShard } from '../repository/segments/settle-shard';
import { GroupProgress } from './group-progress';
import { type ChangedShard } from './job-plan';
import { segmentWriting, shardSettling, type SnapshotCopy, trustingFirst } from './shard-copying';
import { indexNamesOf, ofSameHistory, type ShardStates, statesThenRefresh } from './states-at-copy';

/** Shards that are copied concurrently. */
const SHARDS_AT_ONCE = 4;

/** The part of a group that earlier attempts have done, and the receivers of what this attempt does. */
interface GroupRun {
  readonly done: readonly ShardResult[];
  /** Receives all results so far when one more shard has ended; a later attempt passes them as `done`. */
  readonly onDone: (results: readonly ShardResult[]) => void;
  /** Receives the sum of what was written, and the shards that are being copied. */
  readonly onProgress: (written: CopyProgress, working: readonly ShardProgress[]) => void;
}

/**
 * Copies the shards that are not in `done`. Returns the results of all shards, in their order; a shard that failed for
 * good is a result with the reason. Throws retryable errors, and errors that concern the repository or the service:
 * the shards that had ended by then were passed to `onDone`.
 */
export async function copySmallGroup(
  copy: SnapshotCopy,
  group: readonly ChangedShard[],
  { done, onDone, onProgress }: GroupRun,
): Promise<ShardResult[]> {
  let results = done;
  const isDone = new Set(done.map((result) => result.ordinal));
  const rest = group.filter((shard) => !isDone.has(shard.ordinal));
  const progress = new GroupProgress(onProgress);
  const states = await statesThenRefresh(copy.cluster, indexNamesOf(rest), copy.signal);
  await inLanes(rest, SHARDS_AT_ONCE, async (shard) => {
    const result = await resultOf(shard, () => copyShard(copy, shard, states, progress));
    results = [...results, result];
    progress.end(shard.ordinal);
    onDone(results);
  });
  const checked = await ofSameHistory(copy.cluster, results, group, copy.signal);
  return checked.sort((a, b) => a.ordinal - b.ordinal);
}

async function copyShard(
  copy: SnapshotCopy,
  shard: ChangedShard,
  states: ShardStates,
  progress: GroupProgress,
): Promise<ShardEntry> {
  const { ordinal } = shard;
  progress.begin(ordinal);
  const writing = segmentWriting(copy, shard, (wrote) => progress.wrote(ordinal, wrote));
  const settle = {
    ...(await shardSettling(copy, shard, states.of(shard), writing)),
    onWritten: (): void => progress.enter(ordinal, 'FINALIZE'),
  };
  return trustingFirst(settle.base !== undefined, (trusts) =>
    copySmallShard(trusts ? settle : { ...settle, base: undefined }, copy.signal),
  );
}

async function resultOf({ ordinal }: ChangedShard, copy: () => Promise<ShardEntry>): Promise<ShardResult> {
  try {
    return { ordinal, entry: await copy() };
  } catch (error) {
    if (!isShardFailure(error)) throw error;
    return { ordinal, failure: { reason: `${error.code}: ${error.message}`, status: 'INTERNAL_SERVER_ERROR' } };
  }
}

/** Returns whether the shard failed for good while the others can go on. */
function isShardFailure(error: unknown): error is SnapkeepError {
  return isSnapkeepError(error) && !error.retryable && (error.scope === 'shard' || error.scope === 'request');
}
