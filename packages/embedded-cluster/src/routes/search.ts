import type { Cluster } from '../cluster';
import { illegalArgument, parsingError, SearchPhaseError, unsupported, validationError } from '../elasticsearch-error';
import type { ApiRequest, ApiResponse } from '../http/api-request';
import type { Step } from '../http/filter-path';
import { encodeJson } from '../http/json-writer';
import type { Route } from '../http/router';
import { OPEN_ONLY } from '../metadata/resolve-indices';
import { shardOf } from '../metadata/routing-hash';
import { Double, RawJson } from '../raw-json';
import { HitChunk, HitWriter } from '../search/hit-writer';
import { multiSearch } from '../search/multi-search';
import { failedShards } from '../search/point-in-time';
import { MATCH_ALL, planQuery } from '../search/query';
import { runQueryPhase } from '../search/query-phase';
import { parseSearch, SEARCH_PARAMETERS, type SearchRequest } from '../search/search-request';
import type { SearchTarget } from '../search/search-target';
import type { Ref } from '../search/sort';
import { parseTimeValue } from '../search/time-value';
import { EXPRESSION_PARAMETERS, requestedIndices } from './index-expression';

const MAX_RESULT_WINDOW = 10_000;
const CHUNK_BYTES = 200 * 1024;
/** `pretty` is for people: larger answers are sent as they are. */
const PRETTY_HITS = 100;

/** Returns the routes that search and count documents, and that open and close points in time. */
export function searchRoutes(cluster: Cluster): Route[] {
  const search = (request: ApiRequest): Promise<ApiResponse> => runSearch(cluster, request);
  const count = (request: ApiRequest): Promise<ApiResponse> => runCount(cluster, request);
  return [
    { methods: 'GET POST', path: '/_search', query: SEARCH_PARAMETERS, handler: search },
    { methods: 'GET POST', path: '/{index}/_search', query: SEARCH_PARAMETERS, handler: search },
    {
      methods: 'GET POST',
      path: '/_msearch',
      query: 'max_concurrent_searches max_concurrent_shard_requests rest_total_hits_as_int typed_keys',
      handler: (request) => multiSearch(request, search),
    },
    ...['/_count', '/{index}/_count'].map((path) => ({
      methods: 'GET POST',
      path,
      query: `${EXPRESSION_PARAMETERS} preference routing ignore_throttled q terminate_after min_score`,
      handler: count,
    })),
    {
      methods: 'POST',
      path: '/{index}/_pit',
      query: `${EXPRESSION_PARAMETERS} keep_alive preference routing allow_partial_search_results`,
      handler: (request) => openPit(cluster, request),
    },
    { methods: 'DELETE', path: '/_pit', handler: (request) => closePit(cluster, request) },
  ];
}

/** Shards that a search without a point in time reads: `preference=_shards:…` and `routing` narrow them. */
function chooseTargets(cluster: Cluster, request: ApiRequest): SearchTarget[] {
  const indices = requestedIndices(cluster, request, OPEN_ONLY);
  const named = new Set((request.parameters['index'] ?? '').split(','));
  for (const index of indices) {
    const filtered = Object.entries(index.aliases).find(([alias, { filter }]) => named.has(alias) && filter);
    if (filtered) throw unsupported(`searching through the filtered alias [${filtered[0]}]`);
  }
  let targets = indices.flatMap((index) => cluster.currentTargets(index));
  const preference = request.query.get('preference');
  if (preference?.startsWith('_shards:')) {
    const shards = new Set((preference.slice('_shards:'.length).split('|')[0] ?? '').split(',').map(Number));
    targets = targets.filter((target) => shards.has(target.shard));
  }
  const routing = request.query.get('routing')?.split(',');
  if (routing) targets = targets.filter(({ index, shard }) => routing.some((value) => shardOf(index, value) === shard));
  return targets;
}

function pitTargets(cluster: Cluster, request: ApiRequest, pit: NonNullable<SearchRequest['pit']>): SearchTarget[] {
  if (request.parameters['index'] !== undefined) {
    throw validationError('[indices] cannot be used with point in time. Do not specify any index with point in time.');
  }
  for (const name of ['routing', 'preference']) {
    if (request.query.has(name)) throw validationError(`[${name}] cannot be used with point in time`);
  }
  return cluster.pits.use(pit.id, pit.keepAliveMs);
}

async function runSearch(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  const started = performance.now();
  const search = parseSearch(request);
  const targets = search.pit ? pitTargets(cluster, request, search.pit) : chooseTargets(cluster, request);
  checkWindow(cluster, search, targets);
  const sort =
    search.pit && search.sort.length > 0 && !search.sort.some((key) => key.field === '_shard_doc')
      ? [...search.sort, { field: '_shard_doc', descending: false, missingFirst: false }]
      : search.sort;
  const { refs, total } = await runQueryPhase(cluster.store, targets, {
    plan: search.plan,
    sort,
    ...(search.searchAfter ? { searchAfter: search.searchAfter } : {}),
    window: search.from + search.size,
    countAll: search.trackTotalHits > 0,
    aggregators: search.aggregators,
  });
  const hits = search.size === 0 ? [] : refs.slice(search.from);
  // Elasticsearch adds the tiebreaker to what it shows only where the request did not say where to go on from.
  const shown = search.searchAfter ? search.searchAfter.length : sort.length;
  const isSorted = sort.length > 0;
  const filter = request.filterPath;
  const hitsStep = filter?.step('hits') ?? 'all';
  const hitStep: Step = typeof hitsStep === 'string' ? hitsStep : hitsStep.step('hits');
  const writer = new HitWriter({ ...search, sorted: isSorted, filter: hitStep });
  const shownHits = hits.map((ref) =>
    ref.values.length > shown ? { ...ref, values: ref.values.slice(0, shown) } : ref,
  );
  const maxScore = isSorted || hits.length === 0 ? (targets.length === 0 ? new Double(0) : null) : new Double(1);
  const envelope = {
    pit_id: search.pit?.id,
    took: Math.round(performance.now() - started),
    timed_out: false,
    _shards: { total: targets.length, successful: targets.length, skipped: 0, failed: 0 },
    hits: {
      total:
        total === undefined
          ? undefined
          : {
              value: Math.min(total, search.trackTotalHits),
              relation: total > search.trackTotalHits ? 'gte' : 'eq',
            },
      max_score: maxScore,
      hits: HITS_PLACEHOLDER,
    },
    aggregations:
      search.aggregators.length === 0
        ? undefined
        : Object.fromEntries(search.aggregators.map((aggregator) => [aggregator.name, aggregator.result()])),
  };
  if (request.pretty && hits.length <= PRETTY_HITS) {
    const json = shownHits.map((ref) => readHit(cluster, writer, targets, ref)).filter(isPresent);
    const pretty = { ...envelope, hits: { ...envelope.hits, hits: json } };
    return { stream: only(encodeJson(filter ? (filter.apply(pretty) ?? {}) : pretty, true)) };
  }
  return { stream: streamSearch(cluster, envelope, { request, hitStep, writer, targets, refs: shownHits }) };
}

const HITS_PLACEHOLDER = new RawJson(Buffer.from('[]'));

const isPresent = (value: unknown): boolean => value !== undefined;

async function* only(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

function readHit(cluster: Cluster, writer: HitWriter, targets: readonly SearchTarget[], ref: Ref): unknown {
  const target = targets[ref.target] as SearchTarget;
  const operation = cluster.store.operation(target.view.ordinal, ref.seq);
  if (operation === undefined) throw new Error(`document ${ref.seq} of shard ${target.shard} was removed meanwhile`);
  return writer.hit(target, ref, operation);
}

/** The answer in pieces: what comes before the hits, the hits a few hundred kilobytes at a time, what comes after. */
async function* streamSearch(
  cluster: Cluster,
  envelope: Record<string, unknown> & { hits: object },
  hits: {
    readonly request: ApiRequest;
    readonly hitStep: Step;
    readonly writer: HitWriter;
    readonly targets: readonly SearchTarget[];
    readonly refs: readonly Ref[];
  },
): AsyncGenerator<Buffer> {
  const filter = hits.request.filterPath;
  const { hits: _, ...others } = envelope;
  const isEmptyAndDropped = typeof hits.hitStep !== 'string' && hits.hitStep.dropsEmpty && hits.refs.length === 0;
  const shown = (filter ? filter.apply(others) : others) ?? {};
  if (hits.hitStep === 'none' || isEmptyAndDropped) {
    const rest = { ...envelope, hits: { ...envelope.hits, hits: undefined } };
    yield encodeJson((filter ? filter.apply(withoutUndefined(rest)) : rest) ?? {});
    return;
  }
  const header = (filter?.apply({ hits: withoutUndefined({ ...envelope.hits, hits: undefined }) }) ?? {}) as {
    hits?: object;
  };
  const hitsHeader = filter ? (header.hits ?? {}) : { ...envelope.hits, hits: undefined };
  const { aggregations, ...before } = shown as Record<string, unknown>;
  const opening = encodeJson(before).subarray(0, -1).toString();
  const inner = encodeJson(hitsHeader).subarray(0, -1).toString();
  const chunk = new HitChunk();
  yield Buffer.from(`${opening}${opening === '{' ? '' : ','}"hits":${inner}${inner === '{' ? '' : ','}"hits":[`);
  for (const ref of hits.refs) {
    const target = hits.targets[ref.target] as SearchTarget;
    const operation = cluster.store.operation(target.view.ordinal, ref.seq);
    // Cutting the answer off is all that is left: an answer without the document would be taken for a whole one.
    if (operation === undefined) throw new Error(`document ${ref.seq} of shard ${target.shard} was removed meanwhile`);
    hits.writer.append(chunk, target, ref, operation);
    if (chunk.size >= CHUNK_BYTES) yield chunk.take();
  }
  chunk.text(']}');
  if (aggregations !== undefined) {
    chunk.text(',"aggregations":');
    chunk.bytes(encodeJson(aggregations));
  }
  chunk.text('}');
  yield chunk.take();
}

const withoutUndefined = (object: object): object =>
  Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, key === 'hits' ? withoutUndefined(value as object) : value]),
  );

function checkWindow(cluster: Cluster, search: SearchRequest, targets: readonly SearchTarget[]): void {
  const limit = Math.min(
    ...targets.map(({ index }) => Number(index.settings['index.max_result_window'] ?? MAX_RESULT_WINDOW)),
    Infinity,
  );
  const fail = (reason: string): SearchPhaseError =>
    new SearchPhaseError(illegalArgument(reason), failedShards(targets.slice(0, 1), cluster.catalog.identity.nodeId));
  if (search.from + search.size > limit) {
    throw fail(
      `Result window is too large, from + size must be less than or equal to: [${limit}] but was ` +
        `[${search.from + search.size}]. See the scroll api for a more efficient way to request large data sets. ` +
        'This limit can be set by changing the [index.max_result_window] index level setting.',
    );
  }
  if (search.searchAfter === undefined) return;
  if (search.sort.length === 0) throw fail('Sort must contain at least one field.');
  const most = search.sort.length + (search.pit ? 1 : 0);
  if (search.searchAfter.length < search.sort.length || search.searchAfter.length > most) {
    throw fail(`search_after has ${search.searchAfter.length} value(s) but sort has ${search.sort.length}.`);
  }
}

async function runCount(cluster: Cluster, request: ApiRequest): Promise<ApiResponse> {
  for (const name of ['q', 'terminate_after', 'min_score']) {
    if (request.query.has(name)) throw unsupported(`the count parameter [${name}]`);
  }
  const body = request.jsonBody();
  const unknown = Object.keys(body).find((key) => key !== 'query');
  if (unknown !== undefined) throw parsingError(`request does not support [${unknown}]`);
  const targets = chooseTargets(cluster, request);
  const { total } = await runQueryPhase(cluster.store, targets, {
    plan: body['query'] === undefined ? MATCH_ALL : planQuery(body['query']),
    sort: [],
    window: 0,
    countAll: true,
    aggregators: [],
  });
  const shards = { total: targets.length, successful: targets.length, skipped: 0, failed: 0 };
  return { json: { count: total, _shards: shards } };
}

function openPit(cluster: Cluster, request: ApiRequest): ApiResponse {
  const keepAlive = request.query.get('keep_alive');
  if (keepAlive === undefined) throw validationError('[keep_alive] is not specified');
  const keepAliveMs = parseTimeValue(keepAlive);
  const targets = chooseTargets(cluster, request);
  const id = cluster.pits.open(targets, keepAliveMs);
  return { json: { id, _shards: { total: targets.length, successful: targets.length, skipped: 0, failed: 0 } } };
}

function closePit(cluster: Cluster, request: ApiRequest): ApiResponse {
  request.requireBody();
  const { id } = request.jsonBody();
  const ids = Array.isArray(id) ? id : [id];
  if (ids.length === 0 || ids.some((one) => typeof one !== 'string')) throw illegalArgument('no point in time id');
  const freed = (ids as string[]).map((one) => cluster.pits.close(one)).reduce((sum, count) => sum + count, 0);
  return { status: freed > 0 ? 200 : 404, json: { succeeded: freed > 0, num_freed: freed } };
}
