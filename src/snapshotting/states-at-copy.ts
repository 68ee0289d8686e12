/**
 * The state of shards at the moments that decide about a copy: before the refresh that begins it, and after its end.
 * The second look finds indices that were deleted, or deleted and created again, while they were copied.
 */
import { type Cluster } from '../cluster/cluster';
import { type ShardState } from '../cluster/reading/document-reader';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { type ShardResult } from '../contracts/jobs/copy';
import { type ShardEntry } from '../contracts/stored';
import { type ChangedShard } from './job-plan';

/** A shard by the name of its index and its number. */
type ShardPlace = { readonly index: { readonly name: string }; readonly shard: number };

/** The states of the shards of some indices, read at one moment. */
export class ShardStates {
  private readonly states: ReadonlyMap<string, ShardState>;

  constructor(
    states: readonly ShardState[],
    private readonly deleted: ReadonlySet<string> = new Set(),
  ) {
    this.states = new Map(states.map((state) => [`${state.shard} ${state.index}`, state]));
  }

  /** Returns the state of a shard; undefined if its index was deleted, or its primary is not allocated. */
  find({ index, shard }: ShardPlace): ShardState | undefined {
    return this.states.get(`${shard} ${index.name}`);
  }

  /**
   * Returns the state of a shard. Throws `index_not_found_exception` when its index was deleted, and the retryable
   * `cluster_unavailable` when its primary is not allocated: a node restarts, or the shard is relocated.
   */
  of(of: ShardPlace): ShardState {
    const state = this.find(of);
    const { shard } = of;
    const index = of.index.name;
    if (state !== undefined) return state;
    if (this.deleted.has(index)) {
      throw new SnapkeepError(
        'index_not_found_exception',
        `no such index [${index}]: it was deleted while it was copied`,
        { details: { index, shard } },
      );
    }
    throw new SnapkeepError('cluster_unavailable', `primary of [${index}][${shard}] is not allocated`);
  }
}

/** Returns the names of the indices of the shards, each once. */
export function indexNamesOf(shards: readonly ShardPlace[]): string[] {
  return [...new Set(shards.map((shard) => shard.index.name))];
}

/**
 * Reads the states of the indices' shards, then refreshes the indices. Operations at or below a global checkpoint read
 * before the refresh are visible after it, so what both cover may be sealed. Throws what the cluster throws.
 */
export async function statesThenRefresh(
  cluster: Cluster,
  indices: readonly string[],
  signal: AbortSignal,
): Promise<ShardStates> {
  const states = await readStates(cluster, indices, signal);
  await cluster.refresh(indices, signal);
  return states;
}

/** Reads the states of the indices' shards, and which indices were deleted. Throws what the cluster throws. */
export async function readStates(
  cluster: Cluster,
  indices: readonly string[],
  signal: AbortSignal,
): Promise<ShardStates> {
  const states = await cluster.shardStates(indices, signal);
  const shown = new Set(states.map((state) => state.index));
  const deleted = new Set<string>();
  for (const index of indices) {
    if (!shown.has(index) && !(await cluster.indexExists(index, signal))) deleted.add(index);
  }
  return new ShardStates(states, deleted);
}

/** Throws `shard_inconsistent` when the shard has another history than the one that was planned. */
export function checkHistory(shard: ChangedShard, state: ShardState): void {
  if (state.historyUuid === shard.plan.identity.historyUuid) return;
  throw new SnapkeepError(
    'shard_inconsistent',
    `[${shard.index.name}][${shard.shard}] began another history while it was being copied; take the snapshot again`,
  );
}

/**
 * Returns the results of copied shards, each checked against the state that its shard has now. A shard whose index was
 * deleted, or created again under the same name, becomes a failure. If another process serves a shard than when it was
 * copied, its entry names no session: the next snapshot proves the history. Throws retryable errors of the cluster.
 */
export async function ofSameHistory(
  cluster: Cluster,
  results: readonly ShardResult[],
  shards: readonly ChangedShard[],
  signal: AbortSignal,
): Promise<ShardResult[]> {
  const states = await readStates(cluster, indexNamesOf(shards), signal);
  const byOrdinal = new Map(shards.map((shard) => [shard.ordinal, shard]));
  return results.map((result) => {
    const shard = byOrdinal.get(result.ordinal);
    return shard === undefined ? result : checked(result, shard, states);
  });
}

function checked(result: ShardResult, shard: ChangedShard, states: ShardStates): ShardResult {
  if (result.entry === undefined) return result;
  try {
    const state = states.of(shard);
    checkHistory(shard, state);
    return { ...result, entry: ofSession(result.entry, state) };
  } catch (error) {
    if (!isSnapkeepError(error) || error.retryable) throw error;
    return { ordinal: result.ordinal, failure: { reason: error.message, status: 'CONFLICT' } };
  }
}

function ofSession({ session, ...entry }: ShardEntry, state: ShardState): ShardEntry {
  return session !== undefined && session === state.session ? { ...entry, session } : entry;
}
