import { createHash } from 'node:crypto';
import type { Cluster } from '../cluster';
import { illegalArgument } from '../elasticsearch-error';
import type { ApiRequest, ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import type { IndexMetadata } from '../metadata/index-metadata';
import { OPEN_AND_CLOSED, OPEN_ONLY } from '../metadata/resolve-indices';
import type { ShardState } from '../storage/shard-state';
import { type Address, NODE_NAME } from './cluster-info';
import { EXPRESSION_PARAMETERS, requestedIndices } from './index-expression';

/** Metrics that Elasticsearch knows; `seq_no` and `commit` are none: they come with `level=shards`, always. */
const METRICS = new Set(
  (
    '_all docs store indexing get search merge merges flush refresh warmer query_cache fielddata completion ' +
    'segments translog request_cache recovery bulk shard_stats mappings dense_vector sparse_vector'
  ).split(' '),
);

/**
 * Returns the routes of statistics and recoveries, and of refresh, flush and force-merge, which have nothing to do
 * here.
 */
export function statsRoutes(cluster: Cluster, address: Address): Route[] {
  const query = `${EXPRESSION_PARAMETERS} level forbid_closed_indices groups fields include_segment_file_sizes`;
  const stats = (request: ApiRequest): ApiResponse => showStats(cluster, request);
  const recovery = (request: ApiRequest): ApiResponse => showRecovery(cluster, request, address);
  const done = (request: ApiRequest): ApiResponse => {
    const total = requestedIndices(cluster, request, OPEN_ONLY).reduce((sum, index) => sum + index.shards.length, 0);
    return { json: { _shards: { total, successful: total, failed: 0 } } };
  };
  const doneQuery = `${EXPRESSION_PARAMETERS} force wait_if_ongoing max_num_segments only_expunge_deletes flush wait_for_completion`;
  return [
    ...['/_stats', '/_stats/{metric}', '/{index}/_stats', '/{index}/_stats/{metric}'].map((path) => ({
      methods: 'GET',
      path,
      query,
      handler: stats,
    })),
    ...['/_recovery', '/{index}/_recovery'].map((path) => ({
      methods: 'GET',
      path,
      query: `${EXPRESSION_PARAMETERS} active_only detailed`,
      handler: recovery,
    })),
    ...['_refresh', '_flush', '_forcemerge'].flatMap((word) =>
      [`/${word}`, `/{index}/${word}`].map((path) => ({
        methods: word === '_forcemerge' ? 'POST' : 'GET POST',
        path,
        query: doneQuery,
        handler: done,
      })),
    ),
  ];
}

const sum = (states: readonly ShardState[], of: (state: ShardState) => number): number =>
  states.reduce((total, state) => total + of(state), 0);

/** Statistics of a set of shards, restricted to the metrics asked for. */
function metricsJson(states: readonly ShardState[], wanted: (metric: string) => boolean): Record<string, unknown> {
  const bytes = sum(states, (state) => state.storedBytes);
  const operations = sum(states, (state) => state.lastSeq + 1);
  const all: Record<string, unknown> = {
    docs: {
      count: sum(states, (state) => state.liveDocs),
      deleted: sum(states, (state) => state.retainedDocs),
      total_size_in_bytes: bytes,
    },
    shard_stats: { total_count: states.length },
    store: { size_in_bytes: bytes, total_data_set_size_in_bytes: bytes, reserved_in_bytes: 0 },
    indexing: { index_total: operations, index_current: 0, index_failed: 0, is_throttled: false },
    translog: { operations: 0, size_in_bytes: 0, uncommitted_operations: 0, uncommitted_size_in_bytes: 0 },
  };
  return Object.fromEntries(Object.entries(all).filter(([metric]) => wanted(metric)));
}

function showStats(cluster: Cluster, request: ApiRequest): ApiResponse {
  const metrics = request.parameters['metric']?.split(',') ?? ['_all'];
  const unknown = metrics.find((metric) => !METRICS.has(metric));
  if (unknown !== undefined) {
    throw illegalArgument(`request [${request.path}] contains unrecognized metric: [${unknown}]`);
  }
  const level = request.query.get('level') ?? 'indices';
  if (!['cluster', 'indices', 'shards'].includes(level)) {
    throw illegalArgument(`level parameter must be one of [cluster] or [indices] or [shards] but was [${level}]`);
  }
  const wanted = (metric: string): boolean => metrics.includes('_all') || metrics.includes(metric);
  const indices = requestedIndices(cluster, request, OPEN_ONLY);
  const statesOf = (index: IndexMetadata): ShardState[] =>
    index.shards.map(({ ordinal }) => cluster.store.state(ordinal));
  const total = indices.flatMap(statesOf);
  const all = metricsJson(total, wanted);
  const json: Record<string, unknown> = {
    _shards: { total: total.length, successful: total.length, failed: 0 },
    _all: { primaries: all, total: all },
  };
  if (level !== 'cluster') {
    json['indices'] = Object.fromEntries(
      indices.map((index) => {
        const ofIndex = metricsJson(statesOf(index), wanted);
        const shards = level === 'shards' ? { shards: shardsJson(cluster, index, wanted) } : {};
        const head = { uuid: index.uuid, health: 'green', status: 'open' };
        return [index.name, { ...head, primaries: ofIndex, total: ofIndex, ...shards }];
      }),
    );
  }
  return { json };
}

function shardsJson(cluster: Cluster, index: IndexMetadata, wanted: (metric: string) => boolean): unknown {
  return Object.fromEntries(
    index.shards.map(({ ordinal, historyUuid }, shard) => {
      const state = cluster.store.state(ordinal);
      const seqNo = { max_seq_no: state.lastSeq, local_checkpoint: state.lastSeq, global_checkpoint: state.lastSeq };
      const copy = {
        routing: { state: 'STARTED', primary: true, node: cluster.catalog.identity.nodeId, relocating_node: null },
        ...metricsJson([state], wanted),
        commit: {
          id: createHash('md5').update(`${historyUuid}/${state.lastSeq}`).digest('base64'),
          generation: 2,
          user_data: {
            history_uuid: historyUuid,
            translog_uuid: historyUuid,
            es_version: '8536000',
            max_unsafe_auto_id_timestamp: '-1',
            max_seq_no: String(state.lastSeq),
            local_checkpoint: String(state.lastSeq),
          },
          num_docs: state.liveDocs,
        },
        seq_no: seqNo,
        retention_leases: { primary_term: 1, version: 0, leases: [] },
      };
      return [String(shard), [copy]];
    }),
  );
}

function showRecovery(cluster: Cluster, request: ApiRequest, address: Address): ApiResponse {
  const indices = requestedIndices(cluster, request, OPEN_AND_CLOSED);
  // Nothing here ever recovers: a shard is there from the moment its index is.
  if (request.flag('active_only', false)) return { json: {} };
  const shown = indices.map((index) => {
    const shards = index.shards.map((_, shard) => recoveryJson(cluster, index, shard, address));
    return [index.name, { shards }] as const;
  });
  return { json: Object.fromEntries(shown) };
}

function recoveryJson(cluster: Cluster, index: IndexMetadata, shard: number, { host, port }: Address): unknown {
  return {
    id: shard,
    type: 'EMPTY_STORE',
    stage: 'DONE',
    primary: true,
    start_time_in_millis: index.createdAtMs,
    stop_time_in_millis: index.createdAtMs,
    total_time_in_millis: 0,
    source: {},
    target: {
      id: cluster.catalog.identity.nodeId,
      host,
      transport_address: `${host}:${port}`,
      ip: host,
      name: NODE_NAME,
    },
    index: {
      size: {
        total_in_bytes: 0,
        reused_in_bytes: 0,
        recovered_in_bytes: 0,
        recovered_from_snapshot_in_bytes: 0,
        percent: '0.0%',
      },
      files: { total: 0, reused: 0, recovered: 0, percent: '0.0%' },
      total_time_in_millis: 0,
      source_throttle_time_in_millis: 0,
      target_throttle_time_in_millis: 0,
    },
    translog: { recovered: 0, total: 0, percent: '100.0%', total_on_start: 0, total_time_in_millis: 0 },
    verify_index: { check_index_time_in_millis: 0, total_time_in_millis: 0 },
  };
}
