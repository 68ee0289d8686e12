import { flattenSettings } from '../../elasticsearch/flat-settings';
import { type Dialect } from '../dialect/dialect';
import { complaintIn } from '../http/cluster-failures';
import { type ClusterHttp } from '../http/cluster-http';
import { indexSegment } from '../http/index-path';
import { editFields, memberOf, withoutMembers } from './mapping-edits';

/** The parts of a new index as JSON texts; mappings and aliases are sent unchanged. */
export interface IndexDefinition {
  readonly settings: string;
  readonly mappings?: string;
  readonly aliases?: string;
}

/** One part of a stored index that the new index does not get. */
export interface Dropped {
  readonly kind: 'setting' | 'mapping' | 'alias';
  readonly name: string;
  readonly reason: string;
}

/** The result of creating an index. */
export interface CreatedIndex {
  /** The parts that were left out because the cluster does not know them, each with the cluster's reason. */
  readonly dropped: readonly Dropped[];
}

/** Most parts that an index can lose; an index that loses more is not restored. */
const MAX_DROPPED = 500;
/** Long, because a busy master answers slowly. */
const TIMEOUT_MS = 60_000;

/**
 * Creates an index. Returns when the index is in the cluster's state. Callers ask separately whether its primaries are
 * allocated, because there may be no node for them.
 */
export async function createIndex(
  http: ClusterHttp,
  name: string,
  { settings, mappings, aliases }: IndexDefinition,
  signal?: AbortSignal,
): Promise<void> {
  const parts = [`"settings":${settings}`];
  if (mappings !== undefined) parts.push(`"mappings":${mappings}`);
  if (aliases !== undefined) parts.push(`"aliases":${aliases}`);
  await http.request({
    method: 'PUT',
    path: `/${indexSegment(name)}`,
    query: { wait_for_active_shards: 0 },
    body: `{${parts.join(',')}}`,
    headersTimeout: TIMEOUT_MS,
    signal,
  });
}

/**
 * Creates an index that can come from another product or version. Settings and mapping parameters that this cluster
 * reports as unknown are left out, one by one, and returned.
 *
 * A field of an unknown type keeps its values but is not searchable (`{"type":"object","enabled":false}`). Otherwise
 * the cluster would guess the type from the first document. Throws every other complaint of the cluster.
 */
export async function createIndexTolerant(
  http: ClusterHttp,
  dialect: Dialect,
  name: string,
  definition: IndexDefinition,
  signal?: AbortSignal,
): Promise<CreatedIndex> {
  const dropped: Dropped[] = [];
  let current = definition;
  for (const [setting, reason] of dialect.harmfulSettings) {
    const left = dropSetting(current, setting, reason);
    if (!left) continue;
    current = left.definition;
    dropped.push(left.what);
  }
  for (;;) {
    try {
      await createIndex(http, name, current, signal);
      return { dropped };
    } catch (error) {
      const complaint = complaintIn(error);
      if (complaint?.status !== 400 || dropped.length >= MAX_DROPPED) throw error;
      const left = leaveOut(current, complaint.reason);
      if (!left) throw error;
      current = left.definition;
      dropped.push(left.what);
    }
  }
}

interface LeftOut {
  readonly definition: IndexDefinition;
  readonly what: Dropped;
}

/** Returns the definition without the part that `reason` names; undefined if no part can be left out. */
export function leaveOut(definition: IndexDefinition, reason: string): LeftOut | undefined {
  for (const pattern of SETTING_COMPLAINTS) {
    const name = pattern.exec(reason)?.[1];
    const left = name === undefined ? undefined : dropSetting(definition, name, reason);
    if (left) return left;
  }
  const { mappings } = definition;
  if (mappings === undefined) return undefined;
  const edited = editComplainedMapping(mappings, reason);
  if (!edited || edited.mappings === mappings) return undefined;
  return {
    definition: { ...definition, mappings: edited.mappings },
    what: { kind: 'mapping', name: edited.what, reason },
  };
}

/** Complaints about a setting, in the words of Elasticsearch 7–9 and OpenSearch 1–3. */
const SETTING_COMPLAINTS = [
  /unknown setting \[([^\]]+)\]/,
  /private index setting \[([^\]]+)\] can not be set explicitly/,
  /Failed to parse value \[.*?\] for setting \[([^\]]+)\]/,
  /[Uu]nknown value (?:\[.*?\] )?for (?:setting )?\[([^\]]+)\]/,
  /unknown value for \[([^\]]+)\] must be one of/,
  /invalid (?:value|setting)[^[]*\[(index\.[^\]]+)\]/i,
  /[Ss]etting \[(index\.[^\]]+)\] (?:is not supported|is not available|cannot be set|can not be set|was deprecated)/,
];

function dropSetting(definition: IndexDefinition, name: string, reason: string): LeftOut | undefined {
  const settings = flattenSettings(JSON.parse(definition.settings));
  // Some complaints omit the prefix.
  const key = [name, `index.${name}`].find((candidate) => settings.has(candidate));
  if (key === undefined) return undefined;
  const value = String(settings.get(key));
  settings.delete(key);
  return {
    definition: { ...definition, settings: JSON.stringify(Object.fromEntries(settings)) },
    what: { kind: 'setting', name: key, reason: `[${value}]: ${reason}` },
  };
}

const UNKNOWN_TYPE =
  /(?:No handler for type \[([^\]]+)\] declared on field \[([^\]]+)\]|The mapper type \[([^\]]+)\] declared on field \[([^\]]+)\] does not exist)/i;
const UNKNOWN_PARAMETER = /unknown parameter \[([^\]]+)\] on mapper \[([^\]]+)\]/;
const UNSUPPORTED_PARAMETERS = /Mapping definition for \[([^\]]+)\] has unsupported parameters: +(.*)/;
const ROOT_PARAMETERS = /Root mapping definition has unsupported parameters: +(.*)/;
const KEPT_UNSEARCHABLE = '{"type":"object","enabled":false}';

function editComplainedMapping(mappings: string, reason: string): { mappings: string; what: string } | undefined {
  const root = ROOT_PARAMETERS.exec(reason);
  if (root) {
    const names = parameterNames(root[1]!);
    return { mappings: withoutMembers(mappings, names), what: `mapping parameter ${names.join(', ')}` };
  }
  const type = UNKNOWN_TYPE.exec(reason);
  if (type) {
    const typeName = type[1] ?? type[3];
    const field = (type[2] ?? type[4])!;
    return {
      mappings: editFields(mappings, ({ path, definition, multiField }) => {
        if (!isNamed(path, field) || memberOf(definition, 'type') !== typeName) return undefined;
        return multiField ? null : KEPT_UNSEARCHABLE;
      }),
      what: `type [${typeName}] of field [${field}]`,
    };
  }
  const one = UNKNOWN_PARAMETER.exec(reason);
  const several = UNSUPPORTED_PARAMETERS.exec(reason);
  const field = one?.[2] ?? several?.[1];
  const names = one ? [one[1]!] : parameterNames(several?.[2] ?? '');
  if (field === undefined || names.length === 0) return undefined;
  return {
    mappings: editFields(mappings, ({ path, definition }) => {
      if (!isNamed(path, field)) return undefined;
      const left = withoutMembers(definition, names);
      return left === definition ? undefined : left;
    }),
    what: `parameter ${names.join(', ')} of field [${field}]`,
  };
}

/** Returns whether a complaint's `field` is at `path`. Complaints use the full path or its last part. */
function isNamed(path: string, field: string): boolean {
  return path === field || path.endsWith(`.${field}`);
}

/** Returns the names in `[a : 1] [b : {c=2}]`. */
function parameterNames(list: string): string[] {
  return [...list.matchAll(/\[([\w.-]+) : /g)].map((match) => match[1]!);
}
