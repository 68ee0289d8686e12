import { SnapkeepError } from '../contracts/errors';
import { matchesWildcard } from '../contracts/index-expression';
import { javaRename } from '../contracts/java-rename';
import { type SettingValue, flattenSettings } from './flat-settings';
import { skipValue, textOf, walkObject } from './raw-json';

/** What a snapshot holds of an index besides its documents, as raw JSON text. */
export interface StoredIndex {
  readonly name: string;
  readonly settings: string;
  readonly aliases: string;
}

export interface SettingsRequest {
  /** Raw JSON text of the request's `index_settings`. */
  readonly indexSettings?: string;
  readonly ignoreIndexSettings?: readonly string[];
}

export interface AliasesRequest {
  readonly includeAliases: boolean;
  readonly renameAliasPattern?: string;
  readonly renameAliasReplacement?: string;
}

export interface RestorablePlan {
  /** JSON text of the settings to create the index with, those for loading included. */
  readonly createSettings: string;
  /** Settings that are not restored, each with the reason. */
  readonly dropped: readonly string[];
}

/** Settings that say which index it was, or where it was; a new index gets its own. Silently left out, as in Elasticsearch. */
const IDENTITY =
  /^index\.(uuid|creation_date|creation_date_string|provided_name|history\.uuid|version\..*|resize\..*|shrink\..*|routing\.allocation\.initial_recovery\..*|verified_before_close|verified_read_only|frozen|search\.throttled|blocks\.read_only_allow_delete|downsample\..*|transport_version\..*)$/;

/** Settings that describe storage the new index does not have. Reported. */
const STORAGE: readonly [RegExp, string][] = [
  [/^index\.store\.(snapshot\..*|type)$/, 'the restored index has its own storage'],
  [/^index\.remote_store\..*$/, 'the restored index has its own storage'],
  [/^index\.searchable_snapshot\..*$/, 'the restored index has its own storage'],
  [/^index\.blocks\.metadata$/, 'would keep the restore from finishing the index'],
];

/** What Elasticsearch refuses to change on restore. */
const UNMODIFIABLE = [
  'index.number_of_shards',
  'index.version.created',
  'index.uuid',
  'index.creation_date',
  'index.history.uuid',
];
/** What it refuses to leave out. */
const UNREMOVABLE = [...UNMODIFIABLE, 'index.number_of_replicas', 'index.auto_expand_replicas'];

/** Settings an index has while documents are written to it. */
const WHILE_LOADING: Readonly<Record<string, SettingValue>> = {
  'index.refresh_interval': '-1',
  'index.number_of_replicas': '0',
  'index.auto_expand_replicas': 'false',
  'index.translog.durability': 'async',
};

/** What these become where the stored index says nothing; `null` is the cluster's default. */
const UNSAID: Readonly<Record<string, SettingValue>> = {
  'index.refresh_interval': null,
  'index.number_of_replicas': '1',
  'index.auto_expand_replicas': 'false',
  'index.translog.durability': null,
};

/** Settings that would get in the way of loading: given to the index at the end. */
const AFTER_LOADING = [
  ...Object.keys(WHILE_LOADING),
  // Documents were through their pipelines when they were indexed.
  'index.default_pipeline',
  'index.final_pipeline',
  'index.blocks.write',
  'index.blocks.read',
];

/**
 * What of the stored settings a new index is created with: those of Elasticsearch's restore, changed as the request
 * says, without what would get in the way of loading. Throws `snapshot_restore_exception` for changes that
 * Elasticsearch refuses, `parse_exception` for `index_settings` that are no object.
 */
export function restorableIndex(index: StoredIndex, request: SettingsRequest): RestorablePlan {
  const { settings, dropped } = effectiveSettings(index, request);
  for (const name of AFTER_LOADING) settings.delete(name);
  for (const [name, value] of Object.entries(WHILE_LOADING)) settings.set(name, value);
  return { createSettings: JSON.stringify(Object.fromEntries(settings)), dropped };
}

export interface FinishedIndex {
  /** JSON text of the settings to put on the loaded index. */
  readonly settings: string;
  /** Raw JSON text of one `_aliases` action each; the last one removes the one-off alias. */
  readonly aliasActions: readonly string[];
}

/** How a loaded index `target` gets the settings and aliases that the stored one had. */
export function finishedIndex(
  index: StoredIndex,
  request: SettingsRequest & AliasesRequest,
  target: string,
  oneOffAlias: string,
): FinishedIndex {
  const { settings } = effectiveSettings(index, request);
  const after = AFTER_LOADING.map((name) => [name, settings.get(name) ?? UNSAID[name]] as const);
  const onTarget = `"index":${JSON.stringify(target)},"alias":`;
  const actions: string[] = [];
  if (request.includeAliases) {
    const rename =
      request.renameAliasPattern === undefined || request.renameAliasReplacement === undefined
        ? (name: string) => name
        : javaRename(request.renameAliasPattern, request.renameAliasReplacement);
    for (const { name, inner } of aliasesOf(index.aliases)) {
      actions.push(`{"add":{${onTarget}${JSON.stringify(rename(name))}${inner === '' ? '' : `,${inner}`}}}`);
    }
  }
  actions.push(`{"remove":{${onTarget}${JSON.stringify(oneOffAlias)}}}`);
  // Members that are undefined are left out.
  return { settings: JSON.stringify(Object.fromEntries(after)), aliasActions: actions };
}

function effectiveSettings(
  index: StoredIndex,
  request: SettingsRequest,
): { settings: Map<string, SettingValue>; dropped: string[] } {
  const settings = new Map<string, SettingValue>();
  const dropped: string[] = [];
  const ignored = ignoredSettings(index.name, request.ignoreIndexSettings ?? []);
  for (const [name, value] of flattenSettings(JSON.parse(index.settings))) {
    if (IDENTITY.test(name) || ignored(name)) continue;
    const storage = STORAGE.find(([pattern]) => pattern.test(name));
    if (storage && !isPlainStore(name, value)) dropped.push(`${name}: ${storage[1]}`);
    else settings.set(name, value);
  }
  for (const [name, value] of requestedSettings(request.indexSettings)) {
    if (UNMODIFIABLE.includes(name)) throw refusal(index.name, `cannot modify setting [${name}] on restore`);
    settings.set(name, value);
  }
  const readOnly = settings.get('index.blocks.read_only');
  if (readOnly !== undefined) {
    settings.delete('index.blocks.read_only');
    if (String(readOnly) === 'true') {
      settings.set('index.blocks.write', 'true');
      dropped.push('index.blocks.read_only: restored as index.blocks.write');
    }
  }
  return { settings, dropped };
}

/** `index.store.type` of an index that lies on a disk, such as `hybridfs`, is kept. */
function isPlainStore(name: string, value: SettingValue): boolean {
  return name === 'index.store.type' && !/snapshot/.test(String(value));
}

function requestedSettings(text: string | undefined): Map<string, SettingValue> {
  if (text === undefined) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new SnapkeepError('parse_exception', 'malformed index_settings, not JSON', { cause });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new SnapkeepError('parse_exception', 'malformed index_settings section, an object expected');
  }
  return new Map([...flattenSettings(parsed)].map(([name, value]) => [withPrefix(name), value]));
}

function ignoredSettings(index: string, names: readonly string[]): (name: string) => boolean {
  const patterns = names.map(withPrefix);
  for (const name of patterns) {
    if (UNREMOVABLE.includes(name)) throw refusal(index, `cannot remove setting [${name}] on restore`);
  }
  return (name) => !UNREMOVABLE.includes(name) && patterns.some((pattern) => matchesWildcard(pattern, name));
}

function withPrefix(name: string): string {
  return name.startsWith('index.') ? name : `index.${name}`;
}

function refusal(index: string, reason: string): SnapkeepError {
  return new SnapkeepError('snapshot_restore_exception', `[${index}] ${reason}`, { details: { index } });
}

/** Aliases by name, with the raw text between the braces of each. */
function aliasesOf(aliases: string): { name: string; inner: string }[] {
  const bytes = Buffer.from(aliases);
  const found: { name: string; inner: string }[] = [];
  walkObject(bytes, 0, (name, start) => {
    const end = skipValue(bytes, start);
    found.push({ name, inner: textOf(bytes, { start: start + 1, end: end - 1 }).trim() });
    return end;
  });
  return found;
}
