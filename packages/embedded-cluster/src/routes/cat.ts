import type { Cluster } from '../cluster';
import type { ApiRequest, ApiResponse } from '../http/api-request';
import { CAT_PARAMETERS, catResponse, type Column } from '../http/cat-table';
import type { Route } from '../http/router';
import type { AliasMetadata, IndexMetadata } from '../metadata/index-metadata';
import { OPEN_AND_CLOSED, OPEN_ONLY, wildcard } from '../metadata/resolve-indices';
import type { ShardState } from '../storage/shard-state';
import { type Address, NODE_NAME } from './cluster-info';
import { requestedIndices } from './index-expression';

/** Returns the routes of `_cat`. */
export function catRoutes(cluster: Cluster, address: Address): Route[] {
  const handlers: Record<string, (request: ApiRequest) => ApiResponse> = {
    indices: (request) => catIndices(cluster, request),
    'indices/{index}': (request) => catIndices(cluster, request),
    count: (request) => catCount(cluster, request),
    'count/{index}': (request) => catCount(cluster, request),
    health: (request) => catHealth(cluster, request),
    shards: (request) => catShards(cluster, request, address),
    'shards/{index}': (request) => catShards(cluster, request, address),
    aliases: (request) => catAliases(cluster, request),
    'aliases/{name}': (request) => catAliases(cluster, request),
    nodes: (request) => catNodes(cluster, request, address),
  };
  const listing = Object.keys(handlers).map((path) => `/_cat/${path}\n`);
  return [
    { methods: 'GET', path: '/_cat', query: CAT_PARAMETERS, handler: () => ({ text: `=^.^=\n${listing.join('')}` }) },
    ...Object.entries(handlers).map(([path, handler]) => ({
      methods: 'GET',
      path: `/_cat/${path}`,
      query: `${CAT_PARAMETERS} ts full_id`,
      handler,
    })),
  ];
}

const statesOf = (cluster: Cluster, index: IndexMetadata): ShardState[] =>
  index.shards.map(({ ordinal }) => cluster.store.state(ordinal));

const sum = (states: readonly ShardState[], of: (state: ShardState) => number): number =>
  states.reduce((total, state) => total + of(state), 0);

function catIndices(cluster: Cluster, request: ApiRequest): ApiResponse {
  const indices = requestedIndices(cluster, request, OPEN_AND_CLOSED);
  const open = (index: IndexMetadata, of: (state: ShardState) => number): number | null =>
    index.closed ? null : sum(statesOf(cluster, index), of);
  const bytes = (index: IndexMetadata): number | null => open(index, (state) => state.storedBytes);
  const columns: Column<IndexMetadata>[] = [
    { name: 'health', aliases: ['h'], value: () => 'green' },
    { name: 'status', aliases: ['s'], value: (index) => (index.closed ? 'close' : 'open') },
    { name: 'index', aliases: ['i', 'idx'], value: (index) => index.name },
    { name: 'uuid', aliases: ['id'], value: (index) => index.uuid },
    {
      name: 'pri',
      aliases: ['p', 'shards.primary', 'shardsPrimary'],
      value: (index) => index.shards.length,
      alignRight: true,
    },
    {
      name: 'rep',
      aliases: ['r', 'shards.replica', 'shardsReplica'],
      value: (index) => Number(index.settings['index.number_of_replicas']),
      alignRight: true,
    },
    {
      name: 'docs.count',
      aliases: ['dc', 'docsCount'],
      value: (index) => open(index, (state) => state.liveDocs),
      alignRight: true,
    },
    {
      name: 'docs.deleted',
      aliases: ['dd', 'docsDeleted'],
      value: (index) => open(index, (state) => state.retainedDocs),
      alignRight: true,
    },
    {
      name: 'creation.date',
      aliases: ['cd'],
      value: (index) => index.createdAtMs,
      alignRight: true,
      optional: true,
    },
    {
      name: 'creation.date.string',
      aliases: ['cds'],
      value: (index) => new Date(index.createdAtMs).toISOString(),
      optional: true,
    },
    { name: 'store.size', aliases: ['ss', 'storeSize'], value: bytes, isBytes: true, alignRight: true },
    { name: 'pri.store.size', value: bytes, isBytes: true, alignRight: true },
    { name: 'dataset.size', value: bytes, isBytes: true, alignRight: true },
  ];
  return catResponse(request, columns, indices);
}

/** Moment columns that `_cat/count` and `_cat/health` begin with. */
function moment(cluster: Cluster): Column<unknown>[] {
  const now = cluster.store.now();
  return [
    { name: 'epoch', aliases: ['t', 'time'], value: () => Math.floor(now / 1000), alignRight: true },
    { name: 'timestamp', aliases: ['ts', 'hms', 'hhmmss'], value: () => new Date(now).toISOString().slice(11, 19) },
  ];
}

function catCount(cluster: Cluster, request: ApiRequest): ApiResponse {
  const indices = requestedIndices(cluster, request, OPEN_ONLY);
  const count = indices.reduce((total, index) => total + sum(statesOf(cluster, index), (state) => state.liveDocs), 0);
  return catResponse(request, [...moment(cluster), { name: 'count', aliases: ['dc'], value: () => count }], [count]);
}

function catHealth(cluster: Cluster, request: ApiRequest): ApiResponse {
  const shards = [...cluster.catalog.state.indices.values()].reduce((total, index) => total + index.shards.length, 0);
  const fixed = (name: string, value: string | number): Column<unknown> => ({ name, value: () => value });
  const columns = [
    ...moment(cluster),
    fixed('cluster', cluster.name),
    fixed('status', 'green'),
    fixed('node.total', 1),
    fixed('node.data', 1),
    fixed('shards', shards),
    fixed('pri', shards),
    fixed('relo', 0),
    fixed('init', 0),
    fixed('unassign', 0),
    fixed('unassign.pri', 0),
    fixed('pending_tasks', 0),
    fixed('max_task_wait_time', '-'),
    fixed('active_shards_percent', '100.0%'),
  ];
  return catResponse(request, columns, [cluster.name]);
}

function catShards(cluster: Cluster, request: ApiRequest, address: Address): ApiResponse {
  const rows = requestedIndices(cluster, request, OPEN_AND_CLOSED).flatMap((index) =>
    index.shards.map(({ ordinal }, shard) => ({ index, shard, state: cluster.store.state(ordinal) })),
  );
  type Row = (typeof rows)[number];
  const open = (row: Row, value: number): number | null => (row.index.closed ? null : value);
  const bytes = (row: Row): number | null => open(row, row.state.storedBytes);
  const columns: Column<Row>[] = [
    { name: 'index', aliases: ['i', 'idx'], value: (row) => row.index.name },
    { name: 'shard', aliases: ['s', 'sh'], value: (row) => row.shard },
    { name: 'prirep', aliases: ['p', 'pr', 'primaryOrReplica'], value: () => 'p' },
    { name: 'state', aliases: ['st'], value: () => 'STARTED' },
    { name: 'docs', aliases: ['d', 'dc'], value: (row) => open(row, row.state.liveDocs), alignRight: true },
    { name: 'store', aliases: ['sto'], value: bytes, isBytes: true, alignRight: true },
    { name: 'dataset', value: bytes, isBytes: true, alignRight: true },
    { name: 'ip', value: () => address.host },
    { name: 'node', aliases: ['n'], value: () => NODE_NAME },
    { name: 'seq_no.max', aliases: ['sqm'], value: (row) => row.state.lastSeq, optional: true },
    { name: 'seq_no.local_checkpoint', aliases: ['sql'], value: (row) => row.state.lastSeq, optional: true },
    { name: 'seq_no.global_checkpoint', aliases: ['sqg'], value: (row) => row.state.lastSeq, optional: true },
  ];
  return catResponse(request, columns, rows);
}

function catAliases(cluster: Cluster, request: ApiRequest): ApiResponse {
  const patterns = request.parameters['name']?.split(',').map(wildcard);
  const rows = [...cluster.catalog.state.indices.values()]
    .flatMap((index) => Object.entries(index.aliases).map(([alias, metadata]) => ({ alias, index, metadata })))
    .filter(({ alias }) => patterns?.some((pattern) => pattern.test(alias)) ?? true)
    .sort((a, b) => (a.alias + a.index.name < b.alias + b.index.name ? -1 : 1));
  const column = (name: string, value: (metadata: AliasMetadata) => string): Column<(typeof rows)[number]> => ({
    name,
    value: (row) => value(row.metadata),
  });
  return catResponse(
    request,
    [
      { name: 'alias', aliases: ['a'], value: (row) => row.alias },
      { name: 'index', aliases: ['i', 'idx'], value: (row) => row.index.name },
      column('filter', (metadata) => (metadata.filter === undefined ? '-' : '*')),
      column('routing.index', (metadata) => metadata.index_routing ?? '-'),
      column('routing.search', (metadata) => metadata.search_routing ?? '-'),
      column('is_write_index', (metadata) => String(metadata.is_write_index ?? '-')),
    ],
    rows,
  );
}

function catNodes(cluster: Cluster, request: ApiRequest, address: Address): ApiResponse {
  const { heapUsed, heapTotal } = process.memoryUsage();
  const fixed = (name: string, value: string | number, optional = false): Column<unknown> => ({
    name,
    value: () => value,
    optional,
  });
  const columns = [
    fixed('id', cluster.catalog.identity.nodeId.slice(0, 4), true),
    fixed('ip', address.host),
    fixed('heap.percent', Math.round((heapUsed / heapTotal) * 100)),
    fixed('version', '8.19.0', true),
    fixed('node.role', 'dim'),
    fixed('master', '*'),
    fixed('name', NODE_NAME),
  ];
  return catResponse(request, columns, [NODE_NAME]);
}
