/** What every way of copying a shard begins with. */
import { type Cluster } from '../src/cluster/cluster';
import { type ShardState } from '../src/cluster/shard-source';
import { type ShardResult } from '../src/contracts/jobs';
import { SnapkeepError } from '../src/contracts/errors';
import { type OpenRepository } from '../src/registrations/open-repositories';
import { unlessUnreadable } from '../src/repository/catalogue';
import { preferredCodec } from '../src/repository/codec';
import { type CodecPool } from '../src/repository/codec-pool';
import { newAttempt } from '../src/repository/keys';
import { type ChangedShard } from '../src/repository/plan';
import { type SettleShard } from '../src/repository/settle-shard';
import { type SegmentWriting, type WriteProgress } from '../src/repository/write-segments';

export function shardCopying(cluster: Cluster, pool: CodecPool) {
  return {
    /** Where and how this try writes the shard's segments. */
    writing: (
      repository: OpenRepository,
      uuid: string,
      shard: ChangedShard,
      onProgress?: (progress: WriteProgress) => void,
    ): SegmentWriting => ({
      store: repository.store,
      pool,
      place: { snapshotUuid: uuid, indexUuid: shard.index.uuid, shard: shard.shard },
      attempt: newAttempt(),
      codec: preferredCodec(repository.write.compress),
      chunkSizeBytes: repository.write.chunkSizeBytes,
      onProgress,
    }),

    /** The shards as they are, before everything up to then is made visible: what both say together may be sealed. */
    statesThenRefresh: async (indices: readonly string[], signal: AbortSignal): Promise<ShardState[]> => {
      const states = await cluster.shardStates(indices, signal);
      await cluster.refresh(indices, signal);
      return states;
    },

    /** The results, where the shards still are what they were: an index made anew under the same name has another history. */
    ofSameHistory: async (
      results: readonly ShardResult[],
      shards: readonly ChangedShard[],
      signal: AbortSignal,
    ): Promise<ShardResult[]> => {
      const states = await cluster.shardStates([...new Set(shards.map((shard) => shard.index.name))], signal);
      return results.map((result) => {
        const shard = shards.find((one) => one.ordinal === result.ordinal);
        if (shard === undefined || result.failure !== undefined) return result;
        if (stateOf(states, shard).historyUuid === shard.plan.identity.historyUuid) return result;
        return { ordinal: result.ordinal, failure: { reason: anotherHistory(shard).message, status: 'CONFLICT' } };
      });
    },

    /** Everything a shard is settled from; `state` was read before its index was refreshed. */
    settling: async (
      repository: OpenRepository,
      shard: ChangedShard,
      state: ShardState,
      write: SegmentWriting,
      signal: AbortSignal,
    ): Promise<Omit<SettleShard, 'copied'>> => {
      if (state.historyUuid !== shard.plan.identity.historyUuid) {
        throw anotherHistory(shard);
      }
      const entry = shard.plan.base;
      // Missing where another installation deleted the snapshot since, or damaged: the shard is copied whole then.
      const manifest =
        entry === undefined
          ? undefined
          : await unlessUnreadable(repository.catalogue.readShardManifest(entry, { signal }));
      return {
        catalogue: repository.catalogue,
        writing: write,
        compress: repository.write.compress,
        reader: cluster.reader,
        target: shard.plan.target,
        identity: shard.plan.identity,
        state,
        base: entry === undefined || manifest === undefined ? undefined : { entry, manifest },
        startMillis: Date.now(),
      };
    },
  };
}

/** Throws `cluster_unavailable` where the shard's primary is not there: it comes back. */
export function stateOf(states: readonly ShardState[], shard: ChangedShard): ShardState {
  const state = states.find((one) => one.index === shard.index.name && one.shard === shard.shard);
  if (state !== undefined) return state;
  // A restarting node, a relocation.
  throw new SnapkeepError('cluster_unavailable', `primary of [${shard.index.name}][${shard.shard}] is not allocated`);
}

function anotherHistory(shard: ChangedShard): SnapkeepError {
  return new SnapkeepError(
    'shard_inconsistent',
    `[${shard.index.name}][${shard.shard}] began another history while it was being copied; take the snapshot again`,
  );
}
