import { illegalArgument, parsingError, unsupported, validationError } from '../elasticsearch-error';
import type { ApiRequest } from '../http/api-request';
import { FilterPath } from '../http/filter-path';
import { type Aggregator, parseAggregations } from './aggregations';
import { MATCH_ALL, planQuery, type QueryPlan } from './query';
import { parseSort, type SortKey, type SortValue } from './sort';
import { parseTimeValue } from './time-value';

/** A search as it was asked for: body and URL together. */
export interface SearchRequest {
  readonly plan: QueryPlan;
  readonly sort: readonly SortKey[];
  readonly from: number;
  readonly size: number;
  readonly searchAfter?: readonly SortValue[];
  /** Count exactly up to here; 0: not at all. */
  readonly trackTotalHits: number;
  readonly source: boolean | FilterPath;
  readonly storedFields: boolean;
  readonly version: boolean;
  readonly seqNo: boolean;
  readonly aggregators: readonly Aggregator[];
  readonly pit?: { readonly id: string; readonly keepAliveMs: number | undefined };
}

/** Query parameters of `_search` besides the common ones. */
export const SEARCH_PARAMETERS =
  'from size sort _source _source_includes _source_excludes stored_fields version seq_no_primary_term ' +
  'track_total_hits track_scores preference routing allow_partial_search_results search_type request_cache ' +
  'ignore_unavailable allow_no_indices expand_wildcards ignore_throttled batched_reduce_size ' +
  'max_concurrent_shard_requests pre_filter_shard_size ccs_minimize_roundtrips terminate_after typed_keys q scroll';

const KNOWN = new Set(
  (
    'query from size sort search_after track_total_hits track_scores _source stored_fields version ' +
    'seq_no_primary_term aggs aggregations pit timeout'
  ).split(' '),
);

/** Parts of the search API that exist but not here. */
const KNOWN_ELSEWHERE = new Set(
  (
    'collapse docvalue_fields explain fields highlight indices_boost knn min_score post_filter profile ' +
    'rank rescore retriever runtime_mappings script_fields slice stats suggest terminate_after ext sub_searches'
  ).split(' '),
);

const EXACT_TOTAL = 10_000;

type Json = Record<string, unknown>;

/** Reads a search, or throws the 400 that names what is wrong or not supported. */
export function parseSearch(request: ApiRequest): SearchRequest {
  const body = request.jsonBody();
  for (const key of Object.keys(body)) {
    if (KNOWN_ELSEWHERE.has(key)) throw unsupported(`[${key}] in a search`);
    if (!KNOWN.has(key)) throw parsingError(`Unknown key for a VALUE in [${key}].`);
  }
  for (const name of ['q', 'scroll', 'terminate_after', 'typed_keys']) {
    if (request.query.has(name)) throw unsupported(`the search parameter [${name}]`);
  }
  const from = count(request.query.get('from') ?? body['from'] ?? 0, 'from');
  const searchAfter = body['search_after'];
  if (searchAfter !== undefined && !Array.isArray(searchAfter)) {
    throw parsingError('Expected [START_ARRAY] for [search_after]');
  }
  if (searchAfter !== undefined && from > 0) {
    throw validationError('[from] parameter must be set to 0 when [search_after] is used');
  }
  const storedFields = body['stored_fields'] ?? request.query.get('stored_fields');
  const hasNone = storedFields === '_none_' || (Array.isArray(storedFields) && storedFields[0] === '_none_');
  if (storedFields !== undefined && !hasNone) throw unsupported('[stored_fields] other than [_none_]');
  const source = parseSource(body, request);
  return {
    plan: body['query'] === undefined ? MATCH_ALL : planQuery(body['query']),
    sort: parseSort(request.query.has('sort') ? sortParameter(request.query.get('sort') as string) : body['sort']),
    from,
    size: count(request.query.get('size') ?? body['size'] ?? 10, 'size'),
    ...(searchAfter === undefined ? {} : { searchAfter: searchAfter as SortValue[] }),
    trackTotalHits: parseTrackTotalHits(request.query.get('track_total_hits') ?? body['track_total_hits']),
    source: hasNone ? false : source,
    storedFields: !hasNone,
    version: request.flag('version', body['version'] === true),
    seqNo: request.flag('seq_no_primary_term', body['seq_no_primary_term'] === true),
    aggregators: parseAggregations(body['aggs'] ?? body['aggregations']),
    ...parsePit(body['pit']),
  };
}

function count(value: unknown, name: string): number {
  const number = Number(value);
  if (!Number.isInteger(number))
    throw illegalArgument(`Failed to parse int parameter [${name}] with value [${String(value)}]`);
  if (number < 0) throw illegalArgument(`[${name}] parameter cannot be negative, found [${number}]`);
  return number;
}

function parseTrackTotalHits(value: unknown): number {
  if (value === undefined || value === null) return EXACT_TOTAL;
  if (value === true || value === 'true' || value === '') return Infinity;
  if (value === false || value === 'false') return 0;
  const number = Number(value);
  if (!Number.isInteger(number) || number < -1) {
    throw illegalArgument(`[track_total_hits] parameter must be positive or equals to -1, got ${String(value)}`);
  }
  return number === -1 ? Infinity : number;
}

const sortParameter = (value: string): unknown[] =>
  value.split(',').map((entry) => {
    const colon = entry.lastIndexOf(':');
    return colon < 0 ? entry : { [entry.slice(0, colon)]: entry.slice(colon + 1) };
  });

const list = (value: unknown): string[] =>
  value === undefined ? [] : Array.isArray(value) ? value.map(String) : String(value).split(',');

/** Reads `_source` of body or URL: all, nothing, or a filter. */
export function parseSource(body: Json, request: ApiRequest): boolean | FilterPath {
  const given = request.query.get('_source') ?? body['_source'];
  let includes = list(request.query.get('_source_includes'));
  let excludes = list(request.query.get('_source_excludes'));
  if (given === true || given === 'true' || given === undefined || given === null) {
    if (includes.length + excludes.length === 0) return true;
  } else if (given === false || given === 'false') return false;
  else if (typeof given === 'object' && !Array.isArray(given)) {
    for (const key of Object.keys(given)) {
      if (!/^(includes?|excludes?)$/.test(key)) throw parsingError(`Unknown key for a VALUE in [${key}].`);
    }
    const options = given as Json;
    includes = list(options['includes'] ?? options['include']);
    excludes = list(options['excludes'] ?? options['exclude']);
  } else includes = list(given);
  return FilterPath.parse([...includes, ...excludes.map((path) => `-${path}`)].join(',')) ?? true;
}

function parsePit(given: unknown): Pick<SearchRequest, 'pit'> {
  if (given === undefined) return {};
  const { id, keep_alive: keepAlive } = (given ?? {}) as Json;
  if (typeof id !== 'string') throw illegalArgument('point in time id is not provided');
  return { pit: { id, keepAliveMs: keepAlive === undefined ? undefined : parseTimeValue(String(keepAlive)) } };
}
