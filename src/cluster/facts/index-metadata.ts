import { SnapkeepError } from '../../contracts/errors';
import { findValue, skipValue, textOf, walkObject } from '../../documents/scan-json';
import { flattenSettings } from '../../elasticsearch/flat-settings';
import { matchesWildcard } from '../../elasticsearch/wildcard';
import { type Dialect, dialectOf } from '../dialect/dialect';
import { type ClusterHttp } from '../http/cluster-http';
import { joinSegments } from '../http/index-path';
import { type ClusterInfo } from './cluster-info';

/** The facts of an index that a snapshot needs. A data stream is represented by its backing indices. */
export interface IndexMetadata {
  readonly name: string;
  readonly uuid: string;
  readonly numberOfShards: number;
  /** Raw JSON text as the cluster sent it, because mappings can hold 64-bit integers. */
  readonly settings: string;
  readonly mappings: string;
  readonly aliases: string;
  /** The data stream that it is a backing index of. */
  readonly dataStream?: string;
  /** Closed indices can't be read over HTTP. They are only listed if `expandWildcards` asks for them. */
  readonly closed: boolean;
  /** `_source` is not stored, so that the documents can't be read. */
  readonly sourceDisabled: boolean;
  /** `_source` is not stored but rebuilt from other fields for each answer (synthetic, derived). */
  readonly sourceRebuilt: boolean;
  /** Sequence numbers are not stored or not searchable, or documents can change without a new number. */
  readonly seqNoDisabled: boolean;
  /** The index was shrunk, split or cloned: documents of several shards can share sequence numbers. */
  readonly resized: boolean;
  /** OpenSearch replicates by segments or by a remote store, so that replicas lag behind a refresh. */
  readonly segmentReplication: boolean;
}

/** Options of {@link resolveIndices}. */
export interface ResolveOptions {
  readonly ignoreUnavailable: boolean;
  /** Elasticsearch's parameter. @default `open,hidden`: Elasticsearch's `all` without closed indices */
  readonly expandWildcards?: string;
}

/** Metadata of ten thousand indices with large mappings fits. */
const MAX_METADATA_BYTES = 1024 * 1024 * 1024;

/**
 * Returns the indices that names, aliases, wildcards, date math and `-exclusions` stand for, sorted by name. Without an
 * expression, returns all open indices. Throws `index_not_found_exception` when a named index is missing, and
 * `index_closed_exception` when one is closed.
 */
export async function resolveIndices(
  http: ClusterHttp,
  info: ClusterInfo | Promise<ClusterInfo>,
  expression: readonly string[] | undefined,
  options: ResolveOptions,
  signal?: AbortSignal,
): Promise<IndexMetadata[]> {
  const found = new Map<string, IndexMetadata>();
  for (const step of planSteps(expression)) {
    // An excluded index may be missing.
    const ignoreUnavailable = options.ignoreUnavailable || step.exclude;
    const body = await getIndices(http, step.path, { ...options, ignoreUnavailable }, signal);
    for (const index of sliceIndices(body)) {
      if (step.exclude) found.delete(index.name);
      else found.set(index.name, index);
    }
  }
  const named = expression?.filter((part) => !part.includes('*')) ?? [];
  const indices = [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, closed } of indices) {
    if (!closed || !named.some((part) => matchesWildcard(part, name))) continue;
    throw new SnapkeepError(
      'index_closed_exception',
      `index [${name}] is closed: its documents can't be read; open it, or leave it out with [-${name}]`,
      { details: { index: name } },
    );
  }
  return withoutSeqNos(http, dialectOf(await info), indices, signal);
}

interface Step {
  readonly path: string;
  readonly exclude: boolean;
}

/**
 * Plans the requests that resolve an expression: one if the expression fits a request line. A longer expression is
 * divided, and its exclusions keep their place.
 */
export function planSteps(expression: readonly string[] | undefined): Step[] {
  if (expression === undefined || expression.length === 0) return [{ path: '_all', exclude: false }];
  const whole = joinSegments(expression.map(encodeURIComponent));
  if (whole.length === 1) return [{ path: whole[0]!, exclude: false }];
  const runs: { readonly exclude: boolean; readonly names: string[] }[] = [];
  for (const [i, part] of expression.entries()) {
    const exclude = i > 0 && part.startsWith('-');
    let run = runs.at(-1);
    if (run?.exclude !== exclude) {
      run = { exclude, names: [] };
      runs.push(run);
    }
    run.names.push(encodeURIComponent(exclude ? part.slice(1) : part));
  }
  return runs.flatMap(({ exclude, names }) => joinSegments(names).map((path) => ({ path, exclude })));
}

async function getIndices(
  http: ClusterHttp,
  path: string,
  options: ResolveOptions,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const { body } = await http.request({
    method: 'GET',
    path: `/${path}`,
    query: {
      expand_wildcards: options.expandWildcards ?? 'open,hidden',
      ignore_unavailable: options.ignoreUnavailable,
      allow_no_indices: true,
    },
    maxBytes: MAX_METADATA_BYTES,
    signal,
  });
  return body;
}

/** Slices the answer of `GET /{index}` into the metadata of its indices. */
export function sliceIndices(body: Buffer): IndexMetadata[] {
  const indices: IndexMetadata[] = [];
  // Indices of one template have the same mapping, which can be large. It is stored and scanned once.
  const known = new Map<string, MappingFacts>();
  walkObject(body, 0, (name, start) => {
    const part = (key: string): string => {
      const span = findValue(body, [key], start);
      return span ? textOf(body, span) : '{}';
    };
    const text = part('mappings');
    const mapping = known.get(text) ?? factsOf(text);
    known.set(mapping.text, mapping);
    const stream = findValue(body, ['data_stream'], start);
    const of = stream === undefined ? {} : { dataStream: JSON.parse(textOf(body, stream)) as string };
    indices.push({ ...describe(name, part('settings'), mapping, part('aliases')), ...of });
    return skipValue(body, start);
  });
  return indices;
}

/** A mapping, and its parts that decide how documents are read. */
interface MappingFacts {
  readonly text: string;
  readonly source: ReturnType<typeof sourceMapping>;
  readonly updatable: boolean;
}

function factsOf(text: string): MappingFacts {
  return { text, source: sourceMapping(text), updatable: UPDATABLE.test(text) };
}

function describe(name: string, settings: string, mapping: MappingFacts, aliases: string): IndexMetadata {
  const flat = flattenSettings(JSON.parse(settings));
  const is = (key: string, value: string): boolean => String(flat.get(key)).toLowerCase() === value;
  const { source } = mapping;
  return {
    name,
    uuid: String(flat.get('index.uuid') ?? ''),
    numberOfShards: Number(flat.get('index.number_of_shards') ?? 1),
    settings,
    mappings: mapping.text,
    aliases,
    closed: is('index.verified_before_close', 'true'),
    sourceDisabled:
      String(source.enabled) === 'false' || source.mode === 'disabled' || is('index.mapping.source.mode', 'disabled'),
    sourceRebuilt:
      source.mode === 'synthetic' ||
      ['index.mapping.source.mode', 'index.mode'].some((key) => REBUILT.has(String(flat.get(key)).toLowerCase())) ||
      is('index.derived_source.enabled', 'true'),
    seqNoDisabled: is('index.disable_sequence_numbers', 'true') || mapping.updatable,
    resized:
      flat.has('index.resize.source.uuid') ||
      flat.has('index.resize.source.name') ||
      flat.has('index.shrink.source.uuid'),
    segmentReplication: is('index.replication.type', 'segment') || is('index.remote_store.enabled', 'true'),
  };
}

/**
 * Settings' values by which `_source` is rebuilt, unless the mapping says otherwise. A wrong guess only costs a
 * comparison.
 */
const REBUILT = new Set(['synthetic', 'logsdb', 'time_series']);

/** Matches fields with in-place updates: a document changes while its sequence number stays the same. */
const UPDATABLE = /"updatable"\s*:\s*"?true/;

function sourceMapping(mappings: string): {
  enabled?: unknown;
  mode?: unknown;
} {
  const bytes = Buffer.from(mappings);
  const span = findValue(bytes, ['_source']);
  return span ? (JSON.parse(textOf(bytes, span)) as ReturnType<typeof sourceMapping>) : {};
}

/** Marks the indices that keep no sequence numbers although none of their own settings says so. */
async function withoutSeqNos(
  http: ClusterHttp,
  dialect: Dialect,
  indices: IndexMetadata[],
  signal: AbortSignal | undefined,
): Promise<IndexMetadata[]> {
  if (!dialect.disablesSeqNosByDefault) return indices;
  const disabled = new Set<string>();
  for (const path of joinSegments(indices.map(({ name }) => encodeURIComponent(name)))) {
    const answer = await http.json<Record<string, { defaults?: Record<string, unknown> }>>({
      method: 'GET',
      path: `/${path}/_settings/index.disable_sequence_numbers`,
      query: { include_defaults: true, flat_settings: true, ignore_unavailable: true },
      signal,
    });
    for (const [name, { defaults }] of Object.entries(answer)) {
      if (String(defaults?.['index.disable_sequence_numbers']) === 'true') disabled.add(name);
    }
  }
  return indices.map((index) => (disabled.has(index.name) ? { ...index, seqNoDisabled: true } : index));
}
