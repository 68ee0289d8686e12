import { illegalArgument } from '../elasticsearch-error';
import type { FlatSettings } from './index-metadata';

export type Changes = Record<string, string | readonly string[] | null>;

/** Settings that may be changed while an index is open, as patterns on the name without `index.`. */
const DYNAMIC = [
  /^(number_of_replicas|auto_expand_replicas|refresh_interval|gc_deletes|priority|hidden|default_pipeline|final_pipeline)$/,
  /^max_(result_window|inner_result_window|rescore_window|docvalue_fields_search|script_fields|ngram_diff|shingle_diff)$/,
  /^max_(refresh_listeners|terms_count|regex_length|slices_per_scroll|adjacency_matrix_filters)$/,
  /^(analyze\.max_token_count|highlight\.(max_analyzed_offset|weight_matches_mode\.enabled)|query\.default_field)$/,
  /^(routing\.allocation\.|routing\.rebalance\.|blocks\.|translog\.|merge\.|search\.|indexing\.|lifecycle\.|unassigned\.)./,
  /^mapping\.(total_fields|depth|nested_fields|nested_objects|field_name_length|dimension_fields)\./,
  /^(requests\.cache\.enable|warmer\.enabled|allocation\.max_retries|flush_after_merge|compound_format)$/,
  /^(soft_deletes\.retention(\.operations|_lease\.period)|write\.wait_for_active_shards|optimize_auto_generated_id)$/,
];

/** Settings that belong to the creation of an index, or to a closed one. */
const STATIC = [
  /^(number_of_shards|number_of_routing_shards|routing_partition_size|codec|mode|routing_path|data_path)$/,
  /^(soft_deletes\.enabled|load_fixed_bitset_filters_eagerly|shard\.check_on_startup|queries\.cache\.enabled)$/,
  /^(analysis|similarity|sort|store|time_series|fielddata)\../,
  /^(mapping\.(coerce|ignore_malformed|source\.mode|synthetic_source_keep)|query_string\.lenient|mapper\.dynamic)$/,
];

const isKnown = (name: string, patterns: readonly RegExp[]): boolean => {
  const bare = name.replace(/^index\./, '');
  return patterns.some((pattern) => pattern.test(bare));
};

/**
 * Flattens settings as given, nested or dotted, with or without the leading `index.`, to full names with values of
 * text. `null` stays `null`: remove it.
 */
export function flattenSettings(given: unknown): Changes {
  // Without a prototype: a setting may have the name of one of its members.
  const flat = Object.create(null) as Changes;
  const visit = (value: unknown, path: string): void => {
    if (value === null) flat[path] = null;
    else if (Array.isArray(value)) flat[path] = value.map(String);
    else if (typeof value === 'object') {
      for (const [key, member] of Object.entries(value)) visit(member, path === '' ? key : `${path}.${key}`);
    } else flat[path] = String(value);
  };
  visit(given ?? {}, '');
  return Object.fromEntries(
    Object.entries(flat).map(([name, value]) => [
      name === 'index' || name.startsWith('index.') ? name : `index.${name}`,
      value,
    ]),
  );
}

/** Throws Elasticsearch's 400 for the first setting that an index cannot have. */
export function checkKnownSettings(changes: Changes): void {
  for (const name of Object.keys(changes).sort()) {
    if (isKnown(name, DYNAMIC) || isKnown(name, STATIC)) continue;
    throw illegalArgument(
      `unknown setting [${name}] please check that any required plugins are installed, ` +
        `or check the breaking changes documentation for removed settings`,
    );
  }
}

/** Returns the names among `changes` that an open index does not take. */
export function staticSettings(changes: Changes): string[] {
  return Object.keys(changes)
    .filter((name) => !isKnown(name, DYNAMIC))
    .sort();
}

/** Returns an integer setting within bounds, or throws Elasticsearch's 400. */
export function integerSetting(changes: Changes, name: string, fallback: number, least: number, most: number): number {
  const value = changes[name];
  if (value === undefined || value === null) return fallback;
  const fail = (why: string) => illegalArgument(`Failed to parse value [${String(value)}] for setting [${name}]${why}`);
  if (typeof value !== 'string' || !/^-?\d+$/.test(value)) throw fail('');
  if (Number(value) < least) throw fail(` must be >= ${least}`);
  if (Number(value) > most) throw fail(` must be <= ${most}`);
  return Number(value);
}

/** Returns `settings` after `changes`; a `null` removes. */
export function applyChanges(settings: FlatSettings, changes: Changes): FlatSettings {
  const result: Record<string, string | readonly string[]> = { ...settings };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete result[name];
    else result[name] = value;
  }
  return result;
}

/** Makes `{"index":{"number_of_shards":"1"}}` from `{"index.number_of_shards":"1"}`. */
export function nestSettings(flat: FlatSettings): Record<string, unknown> {
  const branch = (): Record<string, unknown> => Object.create(null) as Record<string, unknown>;
  const root = branch();
  for (const name of Object.keys(flat).sort()) {
    const parts = name.split('.');
    let node = root;
    let i = 0;
    for (; i < parts.length - 1; i++) {
      const next = (node[parts[i] as string] ??= branch());
      // `a` and `a.b` can both be set; the longer one then keeps its dots.
      if (typeof next !== 'object' || next === null || Array.isArray(next)) break;
      node = next as Record<string, unknown>;
    }
    node[parts.slice(i).join('.')] = flat[name];
  }
  return root;
}
