import type { Cluster } from '../cluster';
import { illegalArgument, unsupported } from '../elasticsearch-error';
import type { ApiRequest, ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import { OPEN_AND_CLOSED } from '../metadata/resolve-indices';
import { Double } from '../raw-json';
import { storedScripts } from './global-state';
import { requestedIndices } from './index-expression';

export const NODE_NAME = 'embedded';

/** Where the cluster listens, known once it does. */
export interface Address {
  readonly host: string;
  port: number;
}

const VERSION = {
  number: '8.19.0',
  build_flavor: 'default',
  build_type: 'embedded',
  build_hash: 'unknown',
  build_date: '2025-07-23T22:10:18.138212839Z',
  build_snapshot: false,
  lucene_version: '9.12.2',
  minimum_wire_compatibility_version: '7.17.0',
  minimum_index_compatibility_version: '7.0.0',
};

/** Returns the routes that describe the cluster: its version, health, settings, state and nodes. */
export function clusterInfoRoutes(cluster: Cluster, address: Address): Route[] {
  const healthQuery =
    'level local wait_for_status wait_for_nodes wait_for_active_shards wait_for_events wait_for_no_relocating_shards ' +
    'wait_for_no_initializing_shards expand_wildcards';
  const health = (request: ApiRequest): ApiResponse => clusterHealth(cluster, request);
  const nodes = (): ApiResponse => ({ json: nodesInfo(cluster, address) });
  return [
    {
      methods: 'GET',
      path: '/',
      handler: () => ({
        json: {
          name: NODE_NAME,
          cluster_name: cluster.name,
          cluster_uuid: cluster.catalog.identity.clusterUuid,
          version: VERSION,
          tagline: 'You Know, for Search',
        },
      }),
    },
    { methods: 'GET', path: '/_cluster/health', query: healthQuery, handler: health },
    { methods: 'GET', path: '/_cluster/health/{index}', query: healthQuery, handler: health },
    {
      methods: 'GET',
      path: '/_cluster/state/{metric}',
      query: 'local flat_settings',
      handler: (request) => clusterState(cluster, request, address),
    },
    { methods: 'GET', path: '/_nodes', query: 'flat_settings', handler: nodes },
    { methods: 'GET', path: '/_nodes/{metric}', query: 'flat_settings', handler: nodes },
  ];
}

function nodesInfo(cluster: Cluster, address: Address): unknown {
  const at = `${address.host}:${address.port}`;
  const node = {
    name: NODE_NAME,
    transport_address: at,
    host: address.host,
    ip: address.host,
    version: VERSION.number,
    build_flavor: VERSION.build_flavor,
    build_type: VERSION.build_type,
    build_hash: VERSION.build_hash,
    roles: ['data', 'ingest', 'master'],
    http: { bound_address: [at], publish_address: at, max_content_length_in_bytes: 104_857_600 },
  };
  return {
    _nodes: { total: 1, successful: 1, failed: 0 },
    cluster_name: cluster.name,
    nodes: { [cluster.catalog.identity.nodeId]: node },
  };
}

/** Only who the nodes are, and what no other request lists. */
function clusterState(cluster: Cluster, request: ApiRequest, { host, port }: Address): ApiResponse {
  const { metric } = request.parameters;
  const { clusterUuid: uuid } = cluster.catalog.identity;
  if (metric === 'metadata') {
    const metadata = { cluster_uuid: uuid, templates: {}, stored_scripts: storedScripts(cluster) };
    return { json: { cluster_name: cluster.name, cluster_uuid: uuid, metadata } };
  }
  if (metric !== 'nodes') throw unsupported('a cluster state other than [nodes] and [metadata]');
  const node = {
    name: NODE_NAME,
    ephemeral_id: cluster.ephemeralId,
    transport_address: `${host}:${port}`,
    attributes: {},
    roles: ['data', 'ingest', 'master'],
  };
  return {
    json: {
      cluster_name: cluster.name,
      cluster_uuid: uuid,
      nodes: { [cluster.catalog.identity.nodeId]: node },
    },
  };
}

function clusterHealth(cluster: Cluster, request: ApiRequest): ApiResponse {
  const wanted = request.query.get('wait_for_status');
  if (wanted !== undefined && !['green', 'yellow', 'red'].includes(wanted.toLowerCase())) {
    throw illegalArgument(`unknown cluster health status [${wanted}]`);
  }
  const missing = (request.parameters['index'] ?? '')
    .split(',')
    .some((name) => name !== '' && !name.includes('*') && name !== '_all' && !exists(cluster, name));
  const indices = requestedIndices(cluster, request, { ...OPEN_AND_CLOSED, ignoreUnavailable: true });
  const shards = indices.reduce((sum, index) => sum + index.shards.length, 0);
  return {
    status: missing ? 408 : 200,
    json: {
      cluster_name: cluster.name,
      status: missing ? 'red' : 'green',
      timed_out: missing,
      number_of_nodes: 1,
      number_of_data_nodes: 1,
      active_primary_shards: shards,
      active_shards: shards,
      relocating_shards: 0,
      initializing_shards: 0,
      unassigned_shards: 0,
      unassigned_primary_shards: 0,
      delayed_unassigned_shards: 0,
      number_of_pending_tasks: 0,
      number_of_in_flight_fetch: 0,
      task_max_waiting_in_queue_millis: 0,
      active_shards_percent_as_number: new Double(100),
      ...(request.query.get('level') === 'indices'
        ? { indices: Object.fromEntries(indices.map((index) => [index.name, indexHealth(index.shards.length)])) }
        : {}),
    },
  };
}

function indexHealth(shards: number): object {
  return {
    status: 'green',
    number_of_shards: shards,
    number_of_replicas: 0,
    active_primary_shards: shards,
    active_shards: shards,
    relocating_shards: 0,
    initializing_shards: 0,
    unassigned_shards: 0,
    unassigned_primary_shards: 0,
  };
}

const exists = (cluster: Cluster, name: string): boolean =>
  cluster.catalog.state.indices.has(name) || cluster.catalog.state.ofAlias(name).length > 0;
