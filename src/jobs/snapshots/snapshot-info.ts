/** Prints snapshots as `GET /_snapshot/{repository}/{snapshot}` shows them. Pure. */
import { type JsonObject, RawJson } from '../../elasticsearch/json-value';
import { isoTime, timeValue } from '../../elasticsearch/values';
import { versionId } from '../../elasticsearch/version-id';
import { type ShardFailure, type SnapshotManifest } from '../../repository/format/format';
import { type SnapshotView } from './snapshot-view';

export interface InfoOptions extends InfoForm {
  readonly verbose: boolean;
  readonly indexDetails: boolean;
  readonly indexNames: boolean;
  readonly includeRepository: boolean;
}

/** What of an answer depends on the cluster and on the reader. */
export interface InfoForm {
  /** Adds times for people. */
  readonly human?: boolean;
  /** Whether the cluster tells of indices in remote stores. */
  readonly tellsRemoteStores?: boolean;
}

/**
 * Returns one element of `snapshots`. `manifest` is needed only for a snapshot with failures and for `index_details`.
 * For a running snapshot, `duration_in_millis` is the time since its start.
 */
export function snapshotInfo(
  view: SnapshotView,
  manifest: SnapshotManifest | undefined,
  options: InfoOptions,
  now: number,
): JsonObject {
  const identity = {
    snapshot: view.snapshot,
    uuid: view.uuid,
    repository: options.includeRepository ? view.repository : undefined,
  };
  const indices = options.indexNames ? view.indices() : undefined;
  const dataStreams = [...view.dataStreams];
  if (!options.verbose) return { ...identity, indices, data_streams: dataStreams, state: view.state };
  const failures = manifest?.failures ?? [];
  const millis = Math.max(0, (view.endMillis === 0 ? now : view.endMillis) - view.startMillis);
  return {
    ...identity,
    version_id: view.version === undefined ? undefined : versionId(view.version),
    version: view.version,
    remote_store_index_shallow_copy: options.tellsRemoteStores === true ? false : undefined,
    indices,
    index_details: options.indexDetails ? indexDetails(manifest) : undefined,
    data_streams: dataStreams,
    include_global_state: view.includeGlobalState,
    metadata: view.metadata === undefined ? undefined : new RawJson(view.metadata),
    state: view.state,
    reason: view.state === 'FAILED' ? reasonOf(failures) : undefined,
    start_time: isoTime(view.startMillis),
    start_time_in_millis: view.startMillis,
    end_time: isoTime(view.endMillis),
    end_time_in_millis: view.endMillis,
    duration: options.human === true ? timeValue(millis) : undefined,
    duration_in_millis: millis,
    failures: failures.map(failureInfo),
    shards: { total: view.shards.total, failed: view.shards.failed, successful: view.shards.successful },
    feature_states: [],
  };
}

function failureInfo(failure: ShardFailure): JsonObject {
  return {
    index: failure.index,
    index_uuid: failure.indexUuid,
    shard_id: failure.shard,
    reason: failure.reason,
    status: failure.status,
  };
}

function reasonOf(failures: readonly ShardFailure[]): string {
  const [first] = failures;
  if (first === undefined) return 'no shard could be read';
  const more = failures.length === 1 ? '' : `, and ${failures.length - 1} more`;
  return `[${first.index}][${first.shard}] ${first.reason}${more}`;
}

function indexDetails(manifest: SnapshotManifest | undefined): JsonObject {
  return Object.fromEntries(
    (manifest?.indices ?? []).map((index) => [
      index.name,
      {
        shard_count: index.shards.length,
        size_in_bytes: index.shards.reduce((sum, shard) => sum + (shard?.totals.bytes ?? 0), 0),
        max_segments_per_shard: Math.max(0, ...index.shards.map((shard) => shard?.totals.objects ?? 0)),
      },
    ]),
  );
}
