import type { Cluster } from '../cluster';
import { ElasticsearchError, illegalArgument, PlainError, validationError } from '../elasticsearch-error';
import { acknowledged, type ApiRequest, type ApiResponse } from '../http/api-request';
import type { Route } from '../http/router';
import type { AliasMetadata, IndexMetadata } from '../metadata/index-metadata';
import { validateAliasName } from '../metadata/index-names';
import { OPEN_AND_CLOSED, resolveIndices, wildcard } from '../metadata/resolve-indices';
import type { WriteTransaction } from '../storage/write-transaction';
import { EXPRESSION_PARAMETERS, requestedIndices } from './index-expression';

type Json = Record<string, unknown>;

/** Returns the routes that read, add and remove aliases. */
export function aliasRoutes(cluster: Cluster): Route[] {
  const query = `${EXPRESSION_PARAMETERS} local`;
  const show = (request: ApiRequest): ApiResponse => showAliases(cluster, request);
  const put = (request: ApiRequest): Promise<ApiResponse> => {
    const action = { add: { ...request.jsonBody(), ...target(request) } };
    return changeAliases(cluster, [action]);
  };
  const remove = (request: ApiRequest): Promise<ApiResponse> =>
    changeAliases(cluster, [{ remove: { ...target(request), must_exist: true } }]);
  return [
    ...['/_alias', '/_alias/{name}', '/{index}/_alias', '/{index}/_alias/{name}'].map((path) => ({
      methods: 'GET',
      path,
      query,
      handler: show,
    })),
    ...['_alias', '_aliases'].flatMap((word) => [
      { methods: 'PUT POST', path: `/{index}/${word}/{name}`, query, handler: put },
      { methods: 'DELETE', path: `/{index}/${word}/{name}`, query, handler: remove },
    ]),
    {
      methods: 'POST',
      path: '/_aliases',
      handler: (request) => {
        request.requireBody();
        const { actions } = request.jsonBody();
        if (!Array.isArray(actions) || actions.length === 0) {
          throw validationError('Must specify at least one alias action');
        }
        return changeAliases(cluster, actions as Json[]);
      },
    },
  ];
}

const target = (request: ApiRequest): Json => ({
  indices: request.parameter('index').split(','),
  aliases: request.parameter('name').split(','),
});

/** Reads an alias as it is given in a request: `routing` stands for both kinds. */
export function parseAlias(given: unknown): AliasMetadata {
  const options = (given ?? {}) as Json;
  const known = ['filter', 'routing', 'index_routing', 'search_routing', 'is_write_index', 'is_hidden'];
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw illegalArgument(`Unknown field [${unknown}] in alias`);
  const indexRouting = options['index_routing'] ?? options['routing'];
  const searchRouting = options['search_routing'] ?? options['routing'];
  return {
    ...(options['filter'] ? { filter: options['filter'] } : {}),
    ...(indexRouting === undefined ? {} : { index_routing: String(indexRouting) }),
    ...(searchRouting === undefined ? {} : { search_routing: String(searchRouting) }),
    ...(options['is_write_index'] === undefined ? {} : { is_write_index: options['is_write_index'] === true }),
    ...(options['is_hidden'] === undefined ? {} : { is_hidden: options['is_hidden'] === true }),
  };
}

function showAliases(cluster: Cluster, request: ApiRequest): ApiResponse {
  const indices = requestedIndices(cluster, request, { ...OPEN_AND_CLOSED, expandHidden: true });
  const name = request.parameters['name'];
  if (name === undefined || name === '_all' || name === '*') {
    const all = name === undefined ? indices : indices.filter((index) => Object.keys(index.aliases).length > 0);
    return { json: Object.fromEntries(all.map((index) => [index.name, { aliases: index.aliases }])) };
  }
  const wanted = name.split(',').map((pattern) => ({ pattern, regex: wildcard(pattern) }));
  const shown: Json = {};
  const seen = new Set<string>();
  for (const index of indices) {
    const matching = Object.entries(index.aliases).filter(([alias]) => wanted.some(({ regex }) => regex.test(alias)));
    for (const [alias] of matching) seen.add(alias);
    if (matching.length > 0) shown[index.name] = { aliases: Object.fromEntries(matching) };
  }
  const missing = wanted
    .map(({ pattern }) => pattern)
    .filter((pattern) => !pattern.includes('*') && !seen.has(pattern));
  if (missing.length === 0) return { json: shown };
  const error = `alias${missing.length > 1 ? 'es' : ''} [${missing.join(',')}] missing`;
  if (Object.keys(shown).length === 0) throw new PlainError(error, 404);
  return { status: 404, json: { error, status: 404, ...shown } };
}

async function changeAliases(cluster: Cluster, actions: readonly Json[]): Promise<ApiResponse> {
  await cluster.store.write((transaction) => {
    for (const action of actions) applyAction(cluster, transaction, action);
  });
  return { json: { ...(acknowledged as { json: object }).json, errors: false } };
}

const names = (options: Json, one: string, many: string): string[] =>
  [options[one], options[many]].flat().filter((name): name is string => typeof name === 'string');

function applyAction(cluster: Cluster, transaction: WriteTransaction, action: Json): void {
  const [kind, ...others] = Object.keys(action);
  if (kind === undefined || others.length > 0) throw illegalArgument('Too many operations declared on operation entry');
  const options = (action[kind] ?? {}) as Json;
  const state = cluster.catalog.stateIn(transaction);
  const indices = names(options, 'index', 'indices').flatMap((name) =>
    resolveIndices(state, name, { ...OPEN_AND_CLOSED, allowNoIndices: false }),
  );
  if (indices.length === 0) throw validationError('One of [index] or [indices] is required');
  if (kind === 'remove_index') {
    for (const index of new Set(indices)) cluster.catalog.delete(transaction, index);
    return;
  }
  if (kind !== 'add' && kind !== 'remove') throw illegalArgument(`[alias_action] unknown field [${kind}]`);
  const aliases = names(options, 'alias', 'aliases');
  if (aliases.length === 0) throw validationError('One of [alias] or [aliases] is required');
  const current = (index: IndexMetadata): IndexMetadata =>
    cluster.catalog.stateIn(transaction).indices.get(index.name) as IndexMetadata;
  if (kind === 'add') {
    const { index: _1, indices: _2, alias: _3, aliases: _4, must_exist: _5, ...given } = options;
    const metadata = parseAlias(given);
    for (const alias of aliases) {
      validateAliasName(state, alias);
      if (metadata.is_write_index) refuseSecondWriteIndex(cluster, transaction, alias, indices);
      for (const index of indices) {
        cluster.catalog.put(transaction, {
          ...current(index),
          aliases: { ...current(index).aliases, [alias]: metadata },
        });
      }
    }
    return;
  }
  for (const pattern of aliases)
    removeAlias(cluster, transaction, indices.map(current), pattern, options['must_exist']);
}

function removeAlias(
  cluster: Cluster,
  transaction: WriteTransaction,
  indices: readonly IndexMetadata[],
  pattern: string,
  mustExist: unknown,
): void {
  const regex = wildcard(pattern === '_all' ? '*' : pattern);
  let removed = 0;
  for (const index of indices) {
    const kept = Object.entries(index.aliases).filter(([alias]) => !regex.test(alias));
    removed += Object.keys(index.aliases).length - kept.length;
    if (kept.length < Object.keys(index.aliases).length) {
      cluster.catalog.put(transaction, { ...index, aliases: Object.fromEntries(kept) });
    }
  }
  if (removed > 0 || mustExist === false) return;
  throw new ElasticsearchError('aliases_not_found_exception', `aliases [${pattern}] missing`, 404, {
    'resource.type': 'aliases',
    'resource.id': pattern,
  });
}

function refuseSecondWriteIndex(
  cluster: Cluster,
  transaction: WriteTransaction,
  alias: string,
  indices: readonly IndexMetadata[],
): void {
  const others = cluster.catalog
    .stateIn(transaction)
    .ofAlias(alias)
    .filter((index) => index.aliases[alias]?.is_write_index && !indices.some((one) => one.name === index.name));
  const all = [...others.map((index) => index.name), ...indices.map((index) => index.name)];
  if (all.length > 1) {
    throw new ElasticsearchError(
      'illegal_state_exception',
      `alias [${alias}] has more than one write index [${all.join(',')}]`,
      500,
    );
  }
}
