/** What every way of copying a shard begins and ends with. */
import { type Cluster } from '../cluster/cluster';
import { type DocumentReader, type ShardState } from '../cluster/reading/document-reader';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { type ShardResult } from '../contracts/jobs/copy';
import { type ShardEntry } from '../contracts/stored';
import { preferredCodec } from '../documents/codec';
import { type CodecPool } from '../documents/codec-pool';
import { type OpenRepository } from '../registrations/open-repositories';
import { unlessUnreadable } from '../repository/catalogue/catalogue';
import { newAttempt } from '../repository/format/keys';
import { type SettleShard } from '../repository/segments/settle-shard';
import { type SegmentWriting, type WriteProgress } from '../repository/segments/write-segments';
import { type ChangedShard } from './job-plan';

export function shardCopying(cluster: Cluster, pool: CodecPool) {
  const lookAt = async (indices: readonly string[], signal: AbortSignal): Promise<ShardStates> => {
    const states = await cluster.shardStates(indices, signal);
    const shown = new Set(states.map((state) => state.index));
    const deleted = new Set<string>();
    for (const index of indices) {
      if (!shown.has(index) && !(await cluster.indexExists(index, signal))) deleted.add(index);
    }
    return new ShardStates(states, deleted);
  };

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
    statesThenRefresh: async (indices: readonly string[], signal: AbortSignal): Promise<ShardStates> => {
      const states = await lookAt(indices, signal);
      await cluster.refresh(indices, signal);
      return states;
    },

    /**
     * The results, where the shards still are what they were: an index made anew under the same name has another history,
     * one that was deleted has none. Where another process serves a shard than when it was copied, its entry names no
     * session: the next snapshot proves it.
     */
    ofSameHistory: async (
      results: readonly ShardResult[],
      shards: readonly ChangedShard[],
      signal: AbortSignal,
    ): Promise<ShardResult[]> => {
      const states = await lookAt([...new Set(shards.map((shard) => shard.index.name))], signal);
      return results.map((result) => {
        const shard = shards.find((one) => one.ordinal === result.ordinal);
        if (shard === undefined || result.entry === undefined) return result;
        try {
          const state = states.of(shard);
          if (state.historyUuid !== shard.plan.identity.historyUuid) throw anotherHistory(shard);
          return { ...result, entry: ofSession(result.entry, state) };
        } catch (error) {
          if (!isSnapkeepError(error) || error.retryable) throw error;
          return { ordinal: result.ordinal, failure: { reason: error.message, status: 'CONFLICT' } };
        }
      });
    },

    /** Everything a shard is settled from; `state` was read before its index was refreshed. */
    settling: async (
      repository: OpenRepository,
      reader: DocumentReader,
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
        reader,
        target: shard.plan.target,
        identity: shard.plan.identity,
        state,
        base: entry === undefined || manifest === undefined ? undefined : { entry, manifest },
        prove: state.session === undefined || state.session !== shard.plan.session,
        startMillis: Date.now(),
      };
    },
  };
}

/** What one look at some indices says of their shards. */
export class ShardStates {
  constructor(
    private readonly states: readonly ShardState[],
    private readonly deleted: ReadonlySet<string> = new Set(),
  ) {}

  /**
   * The state of a shard. Throws `index_not_found_exception` where its index was deleted, `cluster_unavailable` where its
   * primary is not there: it comes back.
   */
  of({ index: { name: index }, shard }: ChangedShard): ShardState {
    const state = this.states.find((one) => one.index === index && one.shard === shard);
    if (state !== undefined) return state;
    if (this.deleted.has(index)) {
      throw new SnapkeepError(
        'index_not_found_exception',
        `no such index [${index}]: it was deleted while it was copied`,
        {
          details: { index, shard },
        },
      );
    }
    // A restarting node, a relocation.
    throw new SnapkeepError('cluster_unavailable', `primary of [${index}][${shard}] is not allocated`);
  }
}

function ofSession({ session, ...entry }: ShardEntry, state: ShardState): ShardEntry {
  return session !== undefined && session === state.session ? { ...entry, session } : entry;
}

function anotherHistory(shard: ChangedShard): SnapkeepError {
  return new SnapkeepError(
    'shard_inconsistent',
    `[${shard.index.name}][${shard.shard}] began another history while it was being copied; take the snapshot again`,
  );
}
