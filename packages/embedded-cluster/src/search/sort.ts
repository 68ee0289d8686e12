import { illegalArgument, parsingError, unsupported } from '../elasticsearch-error';
import { fieldValues } from './field-values';

/** One key of a sort. */
export interface SortKey {
  readonly field: string;
  readonly descending: boolean;
  readonly missingFirst: boolean;
}

export type SortValue = string | number | boolean | null;

/** A document found, and what it is sorted by. */
export interface Ref {
  /** Position of its shard among the targets. */
  readonly target: number;
  readonly seq: number;
  readonly values: readonly SortValue[];
}

/** Sort keys that need nothing but shard and sequence number. */
const POSITIONAL = new Set(['_seq_no', '_doc', '_shard_doc']);
/** Sort keys that sort by document number. */
const BY_DOCUMENT_NUMBER = new Set(['_doc', '_shard_doc']);

/** Returns whether the key needs nothing but shard and sequence number. */
export const isPositional = (key: SortKey): boolean => POSITIONAL.has(key.field);

/** Returns whether the key sorts by document number. */
export const isDocumentOrder = (key: SortKey | undefined): boolean =>
  key !== undefined && BY_DOCUMENT_NUMBER.has(key.field);

type Json = Record<string, unknown>;

/** Reads the `sort` of a search: a name, `{name: order}`, `{name: {order, missing}}`, or a list of them. */
export function parseSort(given: unknown): SortKey[] {
  if (given === undefined || given === null) return [];
  return (Array.isArray(given) ? given : [given]).flatMap((entry: unknown) => {
    if (typeof entry === 'string') return [sortKey(entry, {})];
    if (typeof entry !== 'object' || entry === null) throw parsingError('malformed sort format');
    return Object.entries(entry).map(([field, options]) =>
      sortKey(field, typeof options === 'string' ? { order: options } : ((options ?? {}) as Json)),
    );
  });
}

function sortKey(field: string, options: Json): SortKey {
  if (field === '_score' || field === '_script' || field === '_geo_distance')
    throw unsupported(`sorting by [${field}]`);
  const known = new Set(['order', 'missing', 'unmapped_type', 'mode', 'format', 'numeric_type']);
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw parsingError(`[field_sort] unknown field [${name}]`);
  }
  const order = options['order'] ?? 'asc';
  if (order !== 'asc' && order !== 'desc') throw illegalArgument(`Unknown SortOrder [${String(order)}]`);
  if (options['mode'] !== undefined) throw unsupported('sort modes');
  return { field, descending: order === 'desc', missingFirst: options['missing'] === '_first' };
}

/** Returns the value of a document for one key. */
export function sortValue(
  key: SortKey,
  document: { seq: number; shardDoc: number; id: () => string; source: () => unknown },
): SortValue {
  if (key.field === '_seq_no') return document.seq;
  if (isDocumentOrder(key)) return document.shardDoc;
  if (key.field === '_id') return document.id();
  const values = fieldValues(document.source(), key.field).filter(
    (value): value is string | number | boolean => value !== null && typeof value !== 'object',
  );
  if (values.length === 0) return null;
  // As Elasticsearch: the smallest value of several when ascending, the largest when descending.
  return values.reduce((best, value) => (compareValues(value, best) < 0 !== key.descending ? value : best));
}

function compareValues(a: SortValue, b: SortValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a), String(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Compares two lists of sort values by `keys`; shorter lists compare as far as they go. */
export function compareByKeys(keys: readonly SortKey[], a: readonly SortValue[], b: readonly SortValue[]): number {
  for (let i = 0; i < keys.length && i < a.length && i < b.length; i++) {
    const key = keys[i] as SortKey;
    const [x, y] = [a[i] as SortValue, b[i] as SortValue];
    if (x === null || y === null) {
      if (x === y) continue;
      return (x === null) === key.missingFirst ? -1 : 1;
    }
    const order = compareValues(x, y);
    if (order !== 0) return key.descending ? -order : order;
  }
  return 0;
}
