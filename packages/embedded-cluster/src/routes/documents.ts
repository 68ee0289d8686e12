import { isUtf8 } from 'node:buffer';
import type { Cluster } from '../cluster';
import { type WriteResult, writeResultJson } from '../documents/document-writer';
import {
  type Action,
  checkConditions,
  type ItemRequest,
  noSource,
  notUtf8,
  parseUpdate,
  parseVersionType,
  sourceFault,
} from '../documents/item-request';
import { PRIMARY_TERM, type WriteConditions } from '../documents/plan-operation';
import { ElasticsearchError, illegalArgument, indexClosed, indexNotFound, unsupported } from '../elasticsearch-error';
import type { ApiRequest, ApiResponse } from '../http/api-request';
import { FilterPath } from '../http/filter-path';
import type { Route } from '../http/router';
import type { IndexMetadata } from '../metadata/index-metadata';
import { shardOf } from '../metadata/routing-hash';
import { RawJson } from '../raw-json';
import { parseSource } from '../search/search-request';

const WRITE_PARAMETERS =
  'refresh routing version version_type if_seq_no if_primary_term wait_for_active_shards require_alias op_type pipeline ' +
  'retry_on_conflict detect_noop doc_as_upsert';
const READ_PARAMETERS =
  'routing preference realtime refresh version version_type _source _source_includes _source_excludes stored_fields';

/** Returns the routes that write, update, delete and read single documents, and `_mget`. */
export function documentRoutes(cluster: Cluster): Route[] {
  const write = (action: Action) => (request: ApiRequest) => writeOne(cluster, request, action);
  const query = WRITE_PARAMETERS;
  return [
    { methods: 'PUT POST', path: '/{index}/_doc/{id}', query, handler: write('index') },
    { methods: 'POST', path: '/{index}/_doc', query, handler: write('index') },
    { methods: 'PUT POST', path: '/{index}/_create/{id}', query, handler: write('create') },
    { methods: 'DELETE', path: '/{index}/_doc/{id}', query, handler: write('delete') },
    { methods: 'POST', path: '/{index}/_update/{id}', query, handler: write('update') },
    {
      methods: 'GET',
      path: '/{index}/_doc/{id}',
      query: READ_PARAMETERS,
      handler: (request) => {
        const read = readDocument(cluster, request, request.parameter('index'), request.parameter('id'));
        return { status: read['found'] === true ? 200 : 404, json: read };
      },
    },
    { methods: 'GET', path: '/{index}/_source/{id}', query: READ_PARAMETERS, handler: (r) => readSource(cluster, r) },
    ...['/_mget', '/{index}/_mget'].map((path) => ({
      methods: 'GET POST',
      path,
      query: READ_PARAMETERS,
      handler: (request: ApiRequest) => multiGet(cluster, request),
    })),
  ];
}

/** Checks `refresh` of a write, which is visible at once anyway. Returns whether a refresh was asked for. */
export function parseRefresh(request: ApiRequest): boolean {
  const value = request.query.get('refresh');
  if (value === undefined || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  if (value === 'wait_for') return false;
  throw illegalArgument(`Unknown value for refresh: [${value}].`);
}

async function writeOne(cluster: Cluster, request: ApiRequest, action: Action): Promise<ApiResponse> {
  const forcedRefresh = parseRefresh(request);
  const item = itemOf(request, action);
  const result = await cluster.store.write((transaction) => cluster.writer.apply(transaction, item));
  const json = writeResultJson(result, forcedRefresh);
  if (result.result === 'noop') json['_shards'] = { total: 0, successful: 0, failed: 0 };
  if (result.source !== undefined) {
    const get = { _seq_no: result.seq, _primary_term: PRIMARY_TERM, found: true, _source: new RawJson(result.source) };
    json['get'] = get;
  }
  return { status: result.status, json, ...(result.status === 201 ? { headers: location(result, item.routing) } : {}) };
}

const location = (result: WriteResult, routing: string | undefined): Record<string, string> => ({
  location:
    `/${encodeURIComponent(result.index.name)}/_doc/${encodeURIComponent(result.id)}` +
    (routing === undefined ? '' : `?routing=${encodeURIComponent(routing)}`),
});

function itemOf(request: ApiRequest, given: Action): ItemRequest {
  const { query } = request;
  let action = given;
  const opType = query.get('op_type');
  if (opType !== undefined && action === 'index') {
    if (opType !== 'index' && opType !== 'create') {
      throw illegalArgument(`opType must be 'create' or 'index', found: [${opType}]`);
    }
    action = opType;
  }
  const pipeline = query.get('pipeline');
  if (pipeline !== undefined && pipeline !== '_none') throw unsupported('ingest pipelines');
  const conditions: { -readonly [K in keyof WriteConditions]: WriteConditions[K] } = {};
  const number = (name: string): number | undefined => {
    const value = query.get(name);
    if (value !== undefined && !/^\d+$/.test(value)) {
      throw illegalArgument(`Failed to parse long parameter [${name}] with value [${value}]`);
    }
    return value === undefined ? undefined : Number(value);
  };
  const version = query.get('version');
  if (version !== undefined) {
    if (!/^-?\d+$/.test(version)) {
      throw illegalArgument(`Failed to parse long parameter [version] with value [${version}]`);
    }
    conditions.version = BigInt(version);
  }
  const versionType = query.get('version_type');
  if (versionType !== undefined) conditions.versionType = parseVersionType(versionType);
  const [ifSeqNo, ifPrimaryTerm] = [number('if_seq_no'), number('if_primary_term')];
  if (ifSeqNo !== undefined) conditions.ifSeqNo = ifSeqNo;
  if (ifPrimaryTerm !== undefined) conditions.ifPrimaryTerm = ifPrimaryTerm;
  const id = request.parameters['id'];
  checkConditions(action, id, conditions);
  if (action === 'create') conditions.create = true;
  const item = {
    action,
    index: request.parameter('index'),
    id,
    routing: query.get('routing'),
    conditions,
    requireAlias: request.flag('require_alias', false),
    source: noSource,
  };
  if (action === 'delete') return item;
  request.requireBody();
  if (action === 'update') return { ...item, update: parseUpdate(request.body) };
  const fault = sourceFault(request.body) ?? (isUtf8(request.body) ? undefined : notUtf8());
  if (fault !== undefined) throw fault;
  return { ...item, source: request.body };
}

/** The one open index behind a name that is read from. */
function readIndex(cluster: Cluster, name: string): IndexMetadata {
  const { state } = cluster.catalog;
  const index = state.indices.get(name);
  const behind = index ? [index] : state.ofAlias(name);
  if (behind.length > 1) {
    throw illegalArgument(
      `alias [${name}] has more than one index associated with it ` +
        `[${behind.map((one) => one.name).join(', ')}], can't execute a single index op`,
    );
  }
  const [found] = behind;
  if (found === undefined) throw indexNotFound(name);
  if (found.closed) throw indexClosed(found);
  return found;
}

function readDocument(
  cluster: Cluster,
  request: ApiRequest,
  name: string,
  id: string,
  routing = request.query.get('routing'),
): Record<string, unknown> {
  const index = readIndex(cluster, name);
  const { ordinal } = index.shards[shardOf(index, routing ?? id)] as { ordinal: number };
  const entry = cluster.store.idIndex.get(ordinal, id);
  const operation = entry && !entry.deleted ? cluster.store.operation(ordinal, entry.seq) : undefined;
  if (entry === undefined || operation === undefined) return { _index: index.name, _id: id, found: false };
  const wanted = request.query.get('version');
  if (wanted !== undefined && BigInt(wanted) !== operation.version) {
    throw new ElasticsearchError(
      'version_conflict_engine_exception',
      `[${id}]: version conflict, current version [${operation.version}] is different than the one provided [${wanted}]`,
      409,
      { index_uuid: index.uuid, index: index.name },
    );
  }
  const filter = parseSource({}, request);
  const raw = new RawJson(Buffer.from(operation.source));
  const source = filter === false || !index.sourceEnabled ? undefined : filter === true ? raw : filter.apply(raw);
  return {
    _index: index.name,
    _id: id,
    _version: operation.version,
    _seq_no: entry.seq,
    _primary_term: PRIMARY_TERM,
    ...(operation.routing === undefined ? {} : { _routing: operation.routing }),
    found: true,
    ...(source === undefined ? (filter instanceof FilterPath ? { _source: {} } : {}) : { _source: source }),
  };
}

function readSource(cluster: Cluster, request: ApiRequest): ApiResponse {
  const [name, id] = [request.parameter('index'), request.parameter('id')];
  const document = readDocument(cluster, request, name, id);
  const what = document['found'] !== true ? 'Document' : document['_source'] === undefined ? 'Source' : undefined;
  if (what !== undefined) {
    throw new ElasticsearchError('resource_not_found_exception', `${what} not found [${name}]/[${id}]`, 404);
  }
  return { json: document['_source'] };
}

function multiGet(cluster: Cluster, request: ApiRequest): ApiResponse {
  const body = request.jsonBody();
  const { ids, docs } = body as { ids?: unknown[]; docs?: Record<string, unknown>[] };
  const wanted = docs ?? (ids ?? []).map((id) => ({ _id: id }) as Record<string, unknown>);
  if (wanted.length === 0) {
    throw new ElasticsearchError(
      'action_request_validation_exception',
      'Validation Failed: 1: no documents to get;',
      400,
    );
  }
  const results = wanted.map((entry) => {
    const name = String(entry['_index'] ?? request.parameters['index'] ?? '');
    const id = String(entry['_id']);
    const routing = entry['routing'] ?? request.query.get('routing');
    try {
      return readDocument(cluster, request, name, id, routing === undefined ? undefined : String(routing));
    } catch (error) {
      if (!(error instanceof ElasticsearchError)) throw error;
      return { _index: name, _id: id, error: (error.toEnvelope() as { error: unknown }).error };
    }
  });
  return { json: { docs: results } };
}
