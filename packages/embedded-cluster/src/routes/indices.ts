import type { Cluster } from '../cluster';
import { ElasticsearchError, illegalArgument, indexNotFound, validationError } from '../elasticsearch-error';
import { acknowledged, type ApiRequest, type ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import type { AliasMetadata, IndexMetadata } from '../metadata/index-metadata';
import { nestSettings } from '../metadata/index-settings';
import { checkMappings, unwrapMappings } from '../metadata/mappings';
import { OPEN_AND_CLOSED, resolveIndices, STRICT_EXPAND_OPEN } from '../metadata/resolve-indices';
import { RawJson, rawMember } from '../raw-json';
import { parseAlias } from './aliases';
import { EXPRESSION_PARAMETERS, requestedIndices } from './index-expression';

const GET_PARAMETERS = `${EXPRESSION_PARAMETERS} flat_settings include_defaults local features`;

/** Returns the routes that create, read, delete, close and open indices. */
export function indexRoutes(cluster: Cluster): Route[] {
  return [
    {
      methods: 'PUT',
      path: '/{index}',
      query: 'wait_for_active_shards',
      handler: (request) => createIndex(cluster, request),
    },
    { methods: 'GET', path: '/{index}', query: GET_PARAMETERS, handler: (request) => getIndex(cluster, request) },
    {
      methods: 'DELETE',
      path: '/{index}',
      query: EXPRESSION_PARAMETERS,
      handler: (request) => deleteIndex(cluster, request),
    },
    {
      methods: 'POST',
      path: '/{index}/_close',
      query: `${EXPRESSION_PARAMETERS} wait_for_active_shards`,
      handler: async (request) => {
        const indices = await setClosed(cluster, request, true);
        const closed = Object.fromEntries(indices.map((index) => [index.name, { closed: true }]));
        return { json: { acknowledged: true, shards_acknowledged: true, indices: closed } };
      },
    },
    {
      methods: 'POST',
      path: '/{index}/_open',
      query: `${EXPRESSION_PARAMETERS} wait_for_active_shards`,
      handler: async (request) => {
        await setClosed(cluster, request, false);
        return { json: { acknowledged: true, shards_acknowledged: true } };
      },
    },
  ];
}

async function createIndex(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  const name = request.parameter('index');
  const body = request.jsonBody();
  const unknown = Object.keys(body).find((key) => !['settings', 'mappings', 'aliases'].includes(key));
  if (unknown !== undefined) {
    throw new ElasticsearchError('parse_exception', `unknown key [${unknown}] for create index`, 400);
  }
  const mappingText = request.body.length > 0 ? rawMember(request.body, 'mappings') : undefined;
  const mappings = mappingText && mappingText.toString() !== 'null' ? unwrapMappings(mappingText) : undefined;
  if (mappings !== undefined) checkMappings(mappings);
  const aliases = Object.fromEntries(
    Object.entries((body['aliases'] ?? {}) as Record<string, unknown>).map(([alias, given]) => [
      alias,
      parseAlias(given),
    ]),
  ) as Record<string, AliasMetadata>;
  await cluster.store.write((transaction) =>
    cluster.catalog.create(transaction, name, {
      settings: body['settings'],
      aliases,
      ...(mappings === undefined ? {} : { mappings }),
    }),
  );
  return { json: { acknowledged: true, shards_acknowledged: true, index: name } };
}

/** Returns the settings of an index as an answer shows them: `flat_settings` and `human` as asked. */
export function settingsJson(request: ApiRequest, index: IndexMetadata, only?: RegExp): Record<string, unknown> {
  const chosen = Object.fromEntries(Object.entries(index.settings).filter(([name]) => only?.test(name) ?? true));
  if (request.flag('human', false)) {
    if ('index.creation_date' in chosen) {
      chosen['index.creation_date_string'] = new Date(index.createdAtMs).toISOString();
    }
    if ('index.version.created' in chosen) chosen['index.version.created_string'] = '8.19.0';
  }
  if (!request.flag('flat_settings', false)) return nestSettings(chosen);
  return Object.fromEntries(Object.entries(chosen).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Returns the mappings of an index byte for byte as they are stored. */
export const mappingsJson = (index: IndexMetadata): RawJson => new RawJson(Buffer.from(index.mappings));

function getIndex(cluster: Cluster, request: ApiRequest): ApiResponse {
  const indices = requestedIndices(cluster, request, STRICT_EXPAND_OPEN);
  const features = request.query.get('features')?.split(',') ?? ['aliases', 'mappings', 'settings'];
  const json = indices.map((index) => [
    index.name,
    {
      aliases: features.includes('aliases') ? index.aliases : undefined,
      mappings: features.includes('mappings') ? mappingsJson(index) : undefined,
      settings: features.includes('settings') ? settingsJson(request, index) : undefined,
    },
  ]);
  return { json: Object.fromEntries(json) };
}

async function deleteIndex(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  const expression = request.parameter('index');
  if (expression === '_all' || expression.includes('*')) {
    // `action.destructive_requires_name` is on by default.
    throw illegalArgument('Wildcard expressions or all indices are not allowed');
  }
  const ignoreUnavailable = request.flag('ignore_unavailable', false);
  await cluster.store.write((transaction) => {
    const state = cluster.catalog.stateIn(transaction);
    const indices = expression.split(',').flatMap((name) => {
      if (!state.indices.has(name) && state.ofAlias(name).length > 0) {
        throw illegalArgument(
          `The provided expression [${name}] matches an alias, specify the corresponding concrete indices instead.`,
        );
      }
      return resolveIndices(state, name, { ...OPEN_AND_CLOSED, ignoreUnavailable });
    });
    for (const index of new Set(indices)) cluster.catalog.delete(transaction, index);
  });
  return acknowledged;
}

async function setClosed(cluster: Cluster, request: ApiRequest, closed: boolean): Promise<IndexMetadata[]> {
  if (request.parameter('index') === '') throw validationError('index is missing');
  const indices = requestedIndices(cluster, request, {
    ...OPEN_AND_CLOSED,
    expandOpen: closed,
    expandClosed: !closed,
  });
  await cluster.store.write((transaction) => {
    const state = cluster.catalog.stateIn(transaction);
    for (const { name } of indices) {
      const index = state.indices.get(name);
      if (index === undefined) throw indexNotFound(name);
      if (index.closed !== closed) cluster.catalog.put(transaction, { ...index, closed });
    }
  });
  return indices;
}
