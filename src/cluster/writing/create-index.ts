import { flattenSettings } from '../../elasticsearch/flat-settings';
import { type Dialect } from '../dialect/dialect';
import { complaintIn } from '../http/cluster-failures';
import { type ClusterHttp } from '../http/cluster-http';
import { indexSegment } from '../http/index-path';
import { editFields, memberOf, withoutMembers } from './mapping-edits';

/** JSON texts of the parts of an index; mappings and aliases are passed on as they are. */
export interface IndexDefinition {
  readonly settings: string;
  readonly mappings?: string;
  readonly aliases?: string;
}

/** Something of a stored index that the new one does not get. */
export interface Dropped {
  readonly kind: 'setting' | 'mapping' | 'alias';
  readonly name: string;
  readonly reason: string;
}

export interface CreatedIndex {
  /** What the cluster does not know and was left out, each with the cluster's reason. */
  readonly dropped: readonly Dropped[];
}

/** Things one index may lose before it counts as unrestorable here. */
const MAX_DROPPED = 500;
/** A busy master takes its time. */
const TIMEOUT = 60_000;

/**
 * Creates an index. Returns at once when it is in the cluster's state: whether its primaries find a node is asked
 * apart, because the answer may be no.
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
    headersTimeout: TIMEOUT,
    signal,
  });
}

/**
 * Creates an index of another product or version: what this cluster names as unknown, setting by setting and parameter
 * by parameter, is left out and reported. A field of a type it does not know keeps its values but is not searchable
 * (`{"type":"object","enabled":false}`), rather than being guessed from the first document. Anything else that is wrong
 * throws.
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

/** The definition without what `reason` complains of; `undefined` if that is nothing that can be left out. Pure. */
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

/** As Elasticsearch 7–9 and OpenSearch 1–3 word it. */
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
  // Some complaints leave the prefix out.
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

/** Complaints name a field by its full path or its last part. */
function isNamed(path: string, field: string): boolean {
  return path === field || path.endsWith(`.${field}`);
}

/** The names in `[a : 1] [b : {c=2}]`. */
function parameterNames(list: string): string[] {
  return [...list.matchAll(/\[([\w.-]+) : /g)].map((match) => match[1]!);
}
