import { type ShardResult } from '../src/contracts/jobs';
import { buildSnapshotManifest } from '../src/repository/commit-snapshot';
import { type ShardEntry, type ShardFailure, type SnapshotManifest } from '../src/repository/format';
import { changedShards, type JobPlan } from '../src/repository/plan';
import { sharedEntry } from '../src/repository/unchanged';

/** Puts together what was planned and what the shards came to. Pure but for the clock. */
export function buildManifest(plan: JobPlan, results: readonly ShardResult[], partial: boolean): SnapshotManifest {
  const byOrdinal = new Map(results.map((result) => [result.ordinal, result]));
  const ordinals = new Map(changedShards(plan).map((one) => [one.plan, one.ordinal]));
  const failures: ShardFailure[] = [];
  const indices = plan.indices.map(({ name, uuid, settings, mappings, aliases, shards }) => {
    const entries = shards.map((shard, number): ShardEntry | null => {
      if (shard.kind === 'unchanged') return sharedEntry(shard.entry, plan.startMillis);
      const result = shard.kind === 'changed' ? byOrdinal.get(ordinals.get(shard) ?? -1) : undefined;
      if (result?.entry !== undefined) return result.entry;
      const why = shard.kind === 'failed' ? shard : (result?.failure ?? NO_RESULT);
      failures.push({ index: name, indexUuid: uuid, shard: number, reason: why.reason, status: why.status });
      return null;
    });
    return { name, uuid, settings, mappings, aliases, shards: entries };
  });
  return buildSnapshotManifest(
    {
      snapshot: plan.snapshot,
      uuid: plan.uuid,
      startMillis: plan.startMillis,
      endMillis: Date.now(),
      cluster: plan.cluster,
      metadata: plan.metadata,
      includeGlobalState: plan.includeGlobalState,
      indices,
      failures,
    },
    { partial },
  );
}

const NO_RESULT = { reason: 'the shard was never copied', status: 'INTERNAL_SERVER_ERROR' };
