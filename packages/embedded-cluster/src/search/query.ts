import { illegalArgument, parsingError, unsupported } from '../elasticsearch-error';
import { fieldValues } from './field-values';

/** What a query can ask of a document; `source` is parsed when first used. */
export interface Candidate {
  readonly index: string;
  readonly seq: number;
  readonly id: string;
  readonly routing: string | undefined;
  readonly source: Record<string, unknown>;
}

type Test = (candidate: Candidate) => boolean;

/**
 * A query taken apart into what is cheap and what is not: a range of sequence numbers, a set of ids, and a test that
 * needs the document. All three must hold; absent ones hold for all.
 */
export interface QueryPlan {
  /** First sequence number. */
  readonly from: number;
  /** End of the range, itself outside. */
  readonly to: number;
  readonly ids?: ReadonlySet<string>;
  readonly test?: Test;
}

export const MATCH_ALL: QueryPlan = { from: 0, to: Infinity };
const MATCH_NONE: QueryPlan = { from: 0, to: 0 };

type Json = Record<string, unknown>;

const asObject = (value: unknown, query: string): Json => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw parsingError(`[${query}] query malformed, no start_object after query name`);
  }
  return value as Json;
};

/** Plans a query in Elasticsearch's query language, or throws its 400. */
export function planQuery(query: unknown): QueryPlan {
  const [type, ...others] = Object.keys(asObject(query, '_na'));
  if (type === undefined) throw illegalArgument('query malformed, empty clause found');
  if (others.length > 0) throw parsingError(`[${type}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`);
  const body = (query as Json)[type];
  switch (type) {
    case 'match_all':
      return MATCH_ALL;
    case 'match_none':
      return MATCH_NONE;
    case 'ids':
      return planIds(asObject(body, type));
    case 'term':
      return planTerm(asObject(body, type));
    case 'terms':
      return planTerms(asObject(body, type));
    case 'range':
      return planRange(asObject(body, type));
    case 'exists':
      return planExists(asObject(body, type));
    case 'bool':
      return planBool(asObject(body, type));
    case 'constant_score':
      return planQuery(asObject(body, type)['filter']);
    default:
      throw unsupported(`the query [${type}]`);
  }
}

/** Both plans at once. */
function both(a: QueryPlan, b: QueryPlan): QueryPlan {
  const ids = a.ids && b.ids ? new Set([...a.ids].filter((id) => b.ids?.has(id))) : (a.ids ?? b.ids);
  const [testA, testB] = [a.test, b.test];
  const test = testA && testB ? (candidate: Candidate) => testA(candidate) && testB(candidate) : (testA ?? testB);
  return {
    from: Math.max(a.from, b.from),
    to: Math.min(a.to, b.to),
    ...(ids ? { ids } : {}),
    ...(test ? { test } : {}),
  };
}

/** The whole plan as a test. */
function asTest(plan: QueryPlan): Test {
  return (candidate) =>
    candidate.seq >= plan.from &&
    candidate.seq < plan.to &&
    (plan.ids === undefined || plan.ids.has(candidate.id)) &&
    (plan.test === undefined || plan.test(candidate));
}

function planIds(body: Json): QueryPlan {
  const values = body['values'];
  if (!Array.isArray(values)) throw parsingError('[ids] query malformed, no [values] array');
  return { ...MATCH_ALL, ids: new Set(values.map(String)) };
}

function planTerm(body: Json): QueryPlan {
  const [field, given] = onlyField(body, 'term');
  const value = typeof given === 'object' && given !== null ? (given as Json)['value'] : given;
  const ignoreCase = typeof given === 'object' && given !== null && (given as Json)['case_insensitive'] === true;
  if (value === undefined || value === null) throw illegalArgument('value cannot be null');
  if (!ignoreCase) return planValues(field, [value]);
  const wanted = String(value).toLowerCase();
  return {
    ...MATCH_ALL,
    test: (candidate) => valuesOf(candidate, field).some((found) => String(found).toLowerCase() === wanted),
  };
}

function planTerms(body: Json): QueryPlan {
  const [field, values] = onlyField(body, 'terms');
  if (!Array.isArray(values)) throw unsupported('terms lookups');
  return planValues(field, values);
}

/** The one member that is a field; `boost` and `_name` may stand beside it. */
function onlyField(body: Json, query: string): [string, unknown] {
  const fields = Object.entries(body).filter(([name]) => name !== 'boost' && name !== '_name');
  const [first, second] = fields;
  if (first === undefined) throw parsingError(`[${query}] query malformed, no field`);
  if (second !== undefined) {
    throw parsingError(`[${query}] query doesn't support multiple fields, found [${first[0]}] and [${second[0]}]`);
  }
  return first;
}

function planValues(field: string, values: readonly unknown[]): QueryPlan {
  const wanted = new Set(values.map(String));
  if (field === '_id') return { ...MATCH_ALL, ids: wanted };
  if (field === '_seq_no') {
    const numbers = values.map(Number);
    if (numbers.length === 0) return MATCH_NONE;
    const bounds = { from: Math.min(...numbers), to: Math.max(...numbers) + 1 };
    return numbers.length === 1 ? bounds : { ...bounds, test: (candidate) => wanted.has(String(candidate.seq)) };
  }
  return {
    ...MATCH_ALL,
    test: (candidate) => valuesOf(candidate, field).some((found) => wanted.has(String(found))),
  };
}

function valuesOf(candidate: Candidate, field: string): unknown[] {
  if (field === '_index') return [candidate.index];
  if (field === '_routing') return candidate.routing === undefined ? [] : [candidate.routing];
  return fieldValues(candidate.source, field);
}

function planRange(body: Json): QueryPlan {
  const [field, limits] = onlyField(body, 'range');
  const bounds = asObject(limits, 'range');
  const known = new Set(['gte', 'gt', 'lte', 'lt', 'boost', 'format', 'time_zone', 'relation', '_name']);
  for (const name of Object.keys(bounds)) {
    if (!known.has(name)) throw parsingError(`[range] query does not support [${name}]`);
  }
  const given = Object.entries(bounds).filter(([name, value]) => /^[gl]te?$/.test(name) && value !== null);
  if (field === '_seq_no') return planSeqRange(given);
  if (given.some(([, value]) => typeof value === 'string' && /^now|\|\|/.test(value))) throw unsupported('date math');
  return {
    ...MATCH_ALL,
    test: (candidate) =>
      valuesOf(candidate, field).some((value) => given.every(([name, limit]) => isWithin(name, value, limit))),
  };
}

function planSeqRange(given: readonly [string, unknown][]): QueryPlan {
  let { from, to } = MATCH_ALL;
  for (const [name, value] of given) {
    const limit = Number(value);
    if (Number.isNaN(limit)) throw illegalArgument(`For input string: "${String(value)}"`);
    if (name === 'gte') from = Math.max(from, Math.ceil(limit));
    else if (name === 'gt') from = Math.max(from, Math.floor(limit) + 1);
    else if (name === 'lt') to = Math.min(to, Math.ceil(limit));
    else to = Math.min(to, Math.floor(limit) + 1);
  }
  return { from, to };
}

/** Numbers compare as numbers, everything else as text, which is right for ISO dates. */
function isWithin(relation: string, value: unknown, limit: unknown): boolean {
  if (value === null || typeof value === 'object') return false;
  const [a, b] = [Number(value), Number(limit)];
  const bothNumbers = !Number.isNaN(a) && !Number.isNaN(b) && value !== '' && limit !== '';
  const order = bothNumbers ? a - b : String(value) < String(limit) ? -1 : String(value) > String(limit) ? 1 : 0;
  return relation === 'gte' ? order >= 0 : relation === 'gt' ? order > 0 : relation === 'lte' ? order <= 0 : order < 0;
}

function planExists(body: Json): QueryPlan {
  const field = body['field'];
  if (typeof field !== 'string') throw parsingError('[exists] must be provided with a [field]');
  if (['_id', '_seq_no', '_index', '_version', '_source'].includes(field)) return MATCH_ALL;
  return { ...MATCH_ALL, test: (candidate) => valuesOf(candidate, field).some((value) => value !== null) };
}

function planBool(body: Json): QueryPlan {
  const clauses = (name: string): QueryPlan[] => {
    const given = body[name];
    return given === undefined ? [] : (Array.isArray(given) ? given : [given]).map(planQuery);
  };
  const known = new Set(['must', 'filter', 'should', 'must_not', 'minimum_should_match', 'boost', '_name']);
  for (const name of Object.keys(body)) {
    if (!known.has(name)) throw parsingError(`[bool] query does not support [${name}]`);
  }
  const required = [...clauses('must'), ...clauses('filter')];
  const optional = clauses('should');
  const excluded = clauses('must_not').map(asTest);
  const least = body['minimum_should_match'] ?? (required.length === 0 && optional.length > 0 ? 1 : 0);
  if (!Number.isInteger(Number(least)) || Number(least) < 0)
    throw unsupported(`[minimum_should_match: ${String(least)}]`);
  let plan = required.reduce(both, MATCH_ALL);
  if (excluded.length > 0) plan = both(plan, { ...MATCH_ALL, test: (c) => !excluded.some((test) => test(c)) });
  if (Number(least) === 0 || optional.length === 0) return plan;
  if (optional.length === 1 && Number(least) === 1) return both(plan, optional[0] as QueryPlan);
  const tests = optional.map(asTest);
  return both(plan, { ...MATCH_ALL, test: (c) => tests.filter((test) => test(c)).length >= Number(least) });
}
