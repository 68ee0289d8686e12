import type { Cluster } from '../cluster';
import { ElasticsearchError, illegalArgument, indexNotFound } from '../elasticsearch-error';
import { acknowledged, type ApiRequest, type ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import type { IndexMetadata } from '../metadata/index-metadata';
import {
  applyChanges,
  checkKnownSettings,
  flattenSettings,
  integerSetting,
  staticSettings,
} from '../metadata/index-settings';
import { isSourceEnabled, mergeMappings, unwrapMappings } from '../metadata/mappings';
import { OPEN_AND_CLOSED, STRICT_EXPAND_OPEN, wildcard } from '../metadata/resolve-indices';
import { EXPRESSION_PARAMETERS, requestedIndices } from './index-expression';
import { mappingsJson, settingsJson } from './indices';

/** Returns the routes that read and change mappings and settings. */
export function mappingAndSettingRoutes(cluster: Cluster): Route[] {
  const query = `${EXPRESSION_PARAMETERS} local flat_settings include_defaults preserve_existing reopen write_index_only`;
  const get = (path: string, handler: Route['handler']): Route => ({ methods: 'GET', path, query, handler });
  const getMapping = (request: ApiRequest): ApiResponse => ({
    json: Object.fromEntries(
      requestedIndices(cluster, request, STRICT_EXPAND_OPEN).map((index) => [
        index.name,
        { mappings: mappingsJson(index) },
      ]),
    ),
  });
  const getSettings = (request: ApiRequest): ApiResponse => showSettings(cluster, request);
  return [
    get('/_mapping', getMapping),
    get('/{index}/_mapping', getMapping),
    { methods: 'PUT POST', path: '/{index}/_mapping', query, handler: (request) => putMapping(cluster, request) },
    get('/_settings', getSettings),
    get('/_settings/{name}', getSettings),
    get('/{index}/_settings', getSettings),
    get('/{index}/_settings/{name}', getSettings),
    { methods: 'PUT', path: '/_settings', query, handler: (request) => putSettings(cluster, request) },
    { methods: 'PUT', path: '/{index}/_settings', query, handler: (request) => putSettings(cluster, request) },
  ];
}

function showSettings(cluster: Cluster, request: ApiRequest): ApiResponse {
  const name = request.parameters['name'];
  const patterns = name === undefined || name === '_all' ? undefined : name.split(',').map(wildcard);
  const only = patterns && new RegExp(patterns.map((pattern) => `(?:${pattern.source})`).join('|'));
  const shown = requestedIndices(cluster, request, OPEN_AND_CLOSED)
    .map((index) => [index.name, { settings: settingsJson(request, index, only) }] as const)
    .filter(([, { settings }]) => only === undefined || Object.keys(settings).length > 0);
  return { json: Object.fromEntries(shown) };
}

/** Changes indices in one transaction, each from what it is then. */
async function changeIndices(
  cluster: Cluster,
  indices: readonly IndexMetadata[],
  change: (index: IndexMetadata) => IndexMetadata,
): Promise<void> {
  await cluster.store.write((transaction) => {
    for (const { name } of indices) {
      const index = cluster.catalog.stateIn(transaction).indices.get(name);
      if (index === undefined) throw indexNotFound(name);
      cluster.catalog.put(transaction, change(index));
    }
  });
}

async function putMapping(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  request.requireBody();
  request.jsonBody();
  const added = unwrapMappings(request.body);
  await changeIndices(cluster, requestedIndices(cluster, request, OPEN_AND_CLOSED), (index) => {
    const mappings = mergeMappings(index.mappings, added);
    if (isSourceEnabled(mappings) !== index.sourceEnabled) {
      throw illegalArgument('Mapper for [_source] conflicts with existing mapper: Cannot update parameter [enabled]');
    }
    return { ...index, mappings };
  });
  return acknowledged;
}

async function putSettings(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  request.requireBody();
  const body = request.jsonBody();
  const given = Object.keys(body).length === 1 && 'settings' in body ? body['settings'] : body;
  const changes = flattenSettings(given);
  checkKnownSettings(changes);
  integerSetting(changes, 'index.number_of_replicas', 1, 0, 1_000);
  const preserve = request.flag('preserve_existing', false);
  const indices = requestedIndices(cluster, request, OPEN_AND_CLOSED);
  const fixed = staticSettings(changes);
  if (fixed.includes('index.number_of_shards') && indices.some((index) => index.closed)) {
    throw illegalArgument('final index setting [index.number_of_shards], not updateable');
  }
  const open = indices.filter((index) => !index.closed);
  if (fixed.length > 0 && open.length > 0) {
    const names = open.map((index) => `[${index.name}/${index.uuid}]`).join(', ');
    throw illegalArgument(
      `Can't update non dynamic settings [[${fixed.join(', ')}]] for open indices [${names}] unless the \`reopen\` ` +
        'query parameter is set to true. Alternatively, close the indices, apply the settings changes, and reopen the indices',
    );
  }
  if (Object.keys(changes).length === 0) {
    throw new ElasticsearchError(
      'action_request_validation_exception',
      'Validation Failed: 1: no settings to update;',
      400,
    );
  }
  await changeIndices(cluster, indices, (index) => {
    const kept = preserve
      ? Object.fromEntries(Object.entries(changes).filter(([name]) => !(name in index.settings)))
      : changes;
    const settings = applyChanges(index.settings, kept);
    // Elasticsearch keeps this one at all times.
    return { ...index, settings: { 'index.number_of_replicas': '1', ...settings } };
  });
  return acknowledged;
}
