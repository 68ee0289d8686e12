/** Prints Snapkeep's restores as `_recovery` shows them, merged with the cluster's own answer. Pure. */
import { type ShardRecovery } from '../../contracts/jobs/recovery';
import { type JsonObject } from '../../elasticsearch/json-value';
import { byteSize, isoTime, timeValue } from '../../elasticsearch/values';
import { type Recovery } from './recoveries';

/** The cluster's answer: the recoveries of shard copies by index. */
export type ClusterRecoveries = Readonly<Record<string, { readonly shards: readonly ClusterRecovery[] }>>;

interface ClusterRecovery {
  readonly id: number;
  readonly primary: boolean;
  readonly stage?: string;
  readonly target?: JsonObject;
}

export interface RecoveryOptions {
  readonly activeOnly: boolean;
  readonly detailed: boolean;
  readonly human: boolean;
  /** Whether the cluster tells the bytes that a recovery from a peer took from a snapshot. */
  readonly tellsBytesFromSnapshots: boolean;
  /** Whether the cluster tells of searchable snapshots and remote stores. */
  readonly tellsRemoteStores: boolean;
}

/**
 * Returns the cluster's answer with the primaries of restored indices shown as recoveries from a snapshot, because to
 * the cluster they are new, empty shards. `restores` are those that the request asks for.
 */
export function mergeRecoveries(
  cluster: ClusterRecoveries,
  restores: readonly Recovery[],
  options: RecoveryOptions,
  now: number,
): JsonObject {
  const merged: Record<string, { shards: readonly JsonObject[] }> = { ...(cluster as object) };
  for (const restore of restores) {
    const { target } = restore.index;
    const own = cluster[target]?.shards ?? [];
    const primaries = restore.index.shards.map((shard) => {
      const there = own.find((one) => one.primary && one.id === shard.shard)?.target;
      return recoveryJson(restore, shard, there ?? {}, options, now);
    });
    const copies = own.filter((one) => !one.primary) as unknown as JsonObject[];
    merged[target] = { shards: [...primaries, ...copies] };
  }
  const shown = Object.entries(merged)
    .map(([index, { shards }]) => {
      const kept = options.activeOnly ? shards.filter((shard) => shard.stage !== 'DONE') : shards;
      return [index, { shards: kept }] as const;
    })
    .filter(([, { shards }]) => !options.activeOnly || shards.length > 0);
  return Object.fromEntries(shown);
}

function recoveryJson(
  restore: Recovery,
  shard: ShardRecovery,
  target: JsonObject,
  options: RecoveryOptions,
  now: number,
): JsonObject {
  const { index } = restore;
  const stage = index.state === 'DONE' ? 'DONE' : shard.stage;
  const millis = (index.stopMillis ?? now) - index.startMillis;
  const indexing = stage === 'INIT' ? 0 : millis;
  const files = {
    total: shard.objects,
    reused: 0,
    recovered: shard.recoveredObjects,
    percent: percent(shard.recoveredObjects, shard.objects, stage),
    details: options.detailed ? [] : undefined,
  };
  const bytePercent = percent(shard.recoveredBytes, shard.bytes, stage);
  return {
    id: shard.shard,
    type: 'SNAPSHOT',
    stage,
    primary: true,
    start_time: isoTime(index.startMillis),
    start_time_in_millis: index.startMillis,
    stop_time: index.stopMillis === undefined ? undefined : isoTime(index.stopMillis),
    stop_time_in_millis: index.stopMillis,
    ...time('total_time', Math.max(0, millis), options),
    source: {
      repository: restore.repository,
      snapshot: restore.snapshot,
      version: restore.version,
      index: index.source,
      restoreUUID: restore.id,
      ...(options.tellsRemoteStores ? NO_REMOTE_STORE : {}),
    },
    target,
    index: {
      size: {
        ...size('total', shard.bytes, options),
        ...size('reused', 0, options),
        ...size('recovered', shard.recoveredBytes, options),
        ...(options.tellsBytesFromSnapshots ? size('recovered_from_snapshot', 0, options) : {}),
        percent: bytePercent,
      },
      files,
      // The form of Elasticsearch 1.x, with the members that the Java clients require of it.
      bytes: {
        total: shard.bytes,
        reused: 0,
        recovered: shard.recoveredBytes,
        percent: bytePercent,
        total_in_bytes: shard.bytes,
        reused_in_bytes: 0,
        recovered_in_bytes: shard.recoveredBytes,
      },
      ...time('total_time', Math.max(0, indexing), options),
      ...throttleTime('source_throttle_time', options),
      ...throttleTime('target_throttle_time', options),
    },
    translog: { recovered: 0, total: 0, percent: '100.0%', total_on_start: 0, ...time('total_time', 0, options) },
    // Elasticsearch 1.x, with what the Java clients require; later versions have check_index_time in verify_index.
    start: { check_index_time: 0, check_index_time_in_millis: 0, total_time_in_millis: 0 },
    verify_index: { ...time('check_index_time', 0, options), ...time('total_time', 0, options) },
  };
}

/** Members of OpenSearch for a restore that uses no remote store. */
const NO_REMOTE_STORE: JsonObject = {
  isSearchableSnapshot: false,
  remoteStoreIndexShallowCopy: false,
  sourceRemoteStoreRepository: null,
  sourceRemoteTranslogRepository: null,
};

/** Returns the percentage as Elasticsearch prints it; 100.0% of an empty whole once the stage is DONE. */
function percent(part: number, whole: number, stage: string): string {
  if (stage === 'DONE' || (whole > 0 && part >= whole)) return '100.0%';
  return whole === 0 ? '0.0%' : `${((100 * part) / whole).toFixed(1)}%`;
}

function size(name: string, bytes: number, { human }: RecoveryOptions): JsonObject {
  return { ...(human ? { [name]: byteSize(bytes) } : {}), [`${name}_in_bytes`]: bytes };
}

function time(name: string, millis: number, { human }: RecoveryOptions): JsonObject {
  return { ...(human ? { [name]: timeValue(millis) } : {}), [`${name}_in_millis`]: millis };
}

/** The engines print a throttling that never happened so. */
function throttleTime(name: string, { human }: RecoveryOptions): JsonObject {
  return { ...(human ? { [name]: '-1' } : {}), [`${name}_in_millis`]: 0 };
}
