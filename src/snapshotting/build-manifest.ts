import { type ShardResult } from '../contracts/jobs/copy';
import { type SnapshotRequest } from '../contracts/jobs/snapshot';
import { type ShardEntry } from '../contracts/stored';
import { buildSnapshotManifest } from '../repository/committing/commit-snapshot';
import { type ShardFailure, type SnapshotManifest } from '../repository/format/format';
import { sharedEntry } from '../repository/segments/base-reuse';
import { changedShards, type JobPlan, type PlannedShard } from './job-plan';

/** What a snapshot job came to. */
export interface CopiedJob {
  readonly plan: JobPlan;
  readonly results: readonly ShardResult[];
  /** A time at which the unchanged shards of the plan held the documents of their entries. */
  readonly unchangedMillis: number;
}

/**
 * Builds the snapshot's manifest from its plan and the results of its shards. A changed shard without a result counts
 * as failed. Pure but for the clock.
 */
export function buildManifest({ plan, results, unchangedMillis }: CopiedJob, partial: boolean): SnapshotManifest {
  const byOrdinal = new Map(results.map((result) => [result.ordinal, result]));
  const ordinals = new Map(changedShards(plan).map((one) => [one.plan, one.ordinal]));
  const failures: ShardFailure[] = [];
  const indices = plan.indices.map(({ name, uuid, settings, mappings, aliases, shards }) => {
    const entries = shards.map((shard, number): ShardEntry | null => {
      if (shard.kind === 'unchanged') return unchangedEntry(shard, plan.startMillis, unchangedMillis);
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
      globalState: plan.globalState?.ref,
      ...(plan.dataStreams === undefined ? {} : { dataStreams: plan.dataStreams }),
      indices,
      failures,
    },
    { partial },
  );
}

/** An unchanged shard held the same documents all the time, so any one moment of that time is true of it. */
function unchangedEntry(
  { entry, seenMillis }: Extract<PlannedShard, { kind: 'unchanged' }>,
  startMillis: number,
  unchangedMillis: number,
): ShardEntry {
  const seen = seenMillis ?? unchangedMillis;
  return { ...sharedEntry(entry, startMillis), shown: { fromMillis: seen, toMillis: seen } };
}

/** Failures that the manifest of a failed snapshot names one by one. */
const FAILURES_KEPT = 1_000;
/** Stands for the cluster when a snapshot failed before it was planned. */
const UNKNOWN_CLUSTER = { uuid: '', name: '', product: '', version: '0.0.0' };

/** A snapshot job that failed as a whole. */
export interface FailedJob {
  readonly snapshot: string;
  readonly uuid: string;
  readonly startMillis: number;
  readonly request: SnapshotRequest;
  readonly reason: string;
}

/** Builds the manifest of a snapshot that failed as a whole: no shard holds data, each has a reason. */
export function buildFailedManifest(
  { snapshot, uuid: snapshotUuid, startMillis, request, reason }: FailedJob,
  plan: JobPlan | undefined,
): SnapshotManifest {
  const indices = plan?.indices ?? [];
  const failures = indices.flatMap(({ name, uuid, shards }) =>
    shards.map((shard, number) => ({
      index: name,
      indexUuid: uuid,
      shard: number,
      reason: shard.kind === 'failed' ? shard.reason : reason,
      status: shard.kind === 'failed' ? shard.status : 'INTERNAL_SERVER_ERROR',
    })),
  );
  const whole = { index: '_all', indexUuid: '_na_', shard: 0, reason, status: 'INTERNAL_SERVER_ERROR' };
  return buildSnapshotManifest(
    {
      snapshot,
      uuid: snapshotUuid,
      startMillis,
      endMillis: Date.now(),
      cluster: plan?.cluster ?? UNKNOWN_CLUSTER,
      metadata: request.metadata,
      includeGlobalState: request.includeGlobalState,
      indices: indices.map(({ name, uuid, settings, mappings, aliases, shards }) => ({
        name,
        uuid,
        settings,
        mappings,
        aliases,
        shards: shards.map(() => null),
      })),
      failures: failures.length === 0 ? [whole] : failures.slice(0, FAILURES_KEPT),
    },
    { partial: false },
  );
}

const NO_RESULT = { reason: 'the shard was never copied', status: 'INTERNAL_SERVER_ERROR' };
