/** Decides which settings and aliases of a stored index a restored index gets, and when. */
import { SnapkeepError } from '../../contracts/errors';
import { skipValue, textOf, walkObject } from '../../documents/scan-json';
import { flattenSettings, type SettingValue } from '../../elasticsearch/flat-settings';
import { javaRename } from '../../elasticsearch/java-rename';
import { matchesWildcard } from '../../elasticsearch/wildcard';
import { type Dropped } from './create-index';

/** A stored index without its documents and mappings; settings and aliases are raw JSON text. */
interface StoredIndex {
  readonly name: string;
  readonly settings: string;
  readonly aliases: string;
}

/** The parameters of a restore that change settings. */
interface SettingsRequest {
  /** Raw JSON text of the request's `index_settings`. */
  readonly indexSettings?: string;
  readonly ignoreIndexSettings?: readonly string[];
}

/** The parameters of a restore that change aliases. */
interface AliasesRequest {
  readonly includeAliases: boolean;
  readonly renameAliasPattern?: string;
  readonly renameAliasReplacement?: string;
}

/** The settings of an index while documents are loaded. */
export interface RestorablePlan {
  /** JSON text of the settings to create the index with, including those for loading. */
  readonly createSettings: string;
  /** Settings that are not restored, each with the reason. */
  readonly dropped: readonly Dropped[];
  /** Final value of `index.hidden`; `null` for none. */
  readonly hidden: SettingValue;
}

/**
 * Settings that identify the stored index or its place. A new index gets its own; as in Elasticsearch, not reported.
 */
const IDENTITY =
  /^index\.(uuid|creation_date|creation_date_string|provided_name|history\.uuid|version\..*|resize\..*|shrink\..*|routing\.allocation\.initial_recovery\..*|verified_before_close|verified_read_only|frozen|search\.throttled|blocks\.read_only_allow_delete|downsample\..*|transport_version\..*)$/;

/** Settings of storage that the new index does not have, each with the reason that is reported. */
const STORAGE: readonly [RegExp, string][] = [
  [/^index\.store\.(snapshot\..*|type)$/, 'the restored index has its own storage'],
  [/^index\.remote_store\..*$/, 'the restored index has its own storage'],
  [/^index\.searchable_snapshot\..*$/, 'the restored index has its own storage'],
  [/^index\.blocks\.metadata$/, 'would keep the restore from finishing the index'],
];

/** Settings that Elasticsearch refuses to change on restore. */
const UNMODIFIABLE_PREFIX = 'index.sort.';
const UNMODIFIABLE = [
  'index.number_of_shards',
  'index.version.created',
  'index.uuid',
  'index.creation_date',
  'index.history.uuid',
];
/** Settings that Elasticsearch refuses to leave out on restore. */
const UNREMOVABLE = [...UNMODIFIABLE, 'index.number_of_replicas', 'index.auto_expand_replicas'];

/** Settings of an index while documents are loaded. */
export const WHILE_LOADING: Readonly<Record<string, SettingValue>> = {
  'index.refresh_interval': '-1',
  'index.number_of_replicas': '0',
  'index.auto_expand_replicas': 'false',
  // Acknowledged documents are on the disk, so that a crash of the node loses nothing that is reported as done.
  'index.translog.durability': 'request',
};

/** Final values of these settings if the stored index has none; `null` is the cluster's default. */
const UNSAID: Readonly<Record<string, SettingValue>> = {
  'index.refresh_interval': null,
  'index.number_of_replicas': '1',
  'index.auto_expand_replicas': null,
  'index.translog.durability': null,
};

/** Settings that would hinder loading and are set after it. */
const AFTER_LOADING = [
  ...Object.keys(WHILE_LOADING),
  // Documents passed their pipelines when they were indexed.
  'index.default_pipeline',
  'index.final_pipeline',
  'index.blocks.write',
  'index.blocks.read',
];

/**
 * Returns the settings for creating a restored index: those that Elasticsearch restores, changed by the request,
 * without those that would hinder loading. Throws `snapshot_restore_exception` when Elasticsearch refuses a change, and
 * `parse_exception` when `index_settings` is not an object.
 */
export function restorableIndex(index: StoredIndex, request: SettingsRequest): RestorablePlan {
  const { settings, dropped } = effectiveSettings(index, request);
  for (const name of AFTER_LOADING) settings.delete(name);
  for (const [name, value] of Object.entries(WHILE_LOADING)) settings.set(name, value);
  return {
    createSettings: JSON.stringify(Object.fromEntries(settings)),
    dropped,
    hidden: settings.get('index.hidden') ?? null,
  };
}

/** The settings and aliases of an index after loading. */
interface FinishedIndex {
  /** Settings to put on the loaded index; `null` is the cluster's default. */
  readonly settings: ReadonlyMap<string, SettingValue>;
  /** Blocks, which would prevent all other changes and are put last. */
  readonly blocks: ReadonlyMap<string, SettingValue>;
  readonly aliases: readonly RestoredAlias[];
}

/** An alias of a restored index. */
export interface RestoredAlias {
  readonly name: string;
  /** Raw JSON text of the alias' definition. */
  readonly definition: string;
}

/** Returns the settings and aliases that a loaded index still needs. Throws as {@link restorableIndex} does. */
export function finishedIndex(index: StoredIndex, request: SettingsRequest & AliasesRequest): FinishedIndex {
  const { settings } = effectiveSettings(index, request);
  const after = AFTER_LOADING.flatMap((name) => {
    const value = settings.get(name) ?? UNSAID[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const isBlock = ([name]: readonly [string, SettingValue]): boolean => name.startsWith('index.blocks.');
  return {
    settings: new Map(after.filter((one) => !isBlock(one))),
    blocks: new Map(after.filter(isBlock)),
    aliases: restoredAliases(index, request),
  };
}

/** Returns the aliases that the request gives a restored index. */
export function restoredAliases(index: Pick<StoredIndex, 'aliases'>, request: AliasesRequest): RestoredAlias[] {
  if (!request.includeAliases) return [];
  const { renameAliasPattern: pattern, renameAliasReplacement: replacement } = request;
  const rename =
    pattern === undefined || replacement === undefined ? (name: string) => name : javaRename(pattern, replacement);
  return aliasesOf(index.aliases).map(({ name, definition }) => ({ name: rename(name), definition }));
}

/** Returns the final number of copies of each shard; 1 for `auto_expand_replicas`, which depends on the cluster. */
export function shardCopies(index: StoredIndex, request: SettingsRequest): number {
  const { settings } = effectiveSettings(index, request);
  const expands = settings.get('index.auto_expand_replicas') ?? 'false';
  const replicas = Number(settings.get('index.number_of_replicas') ?? 1);
  return String(expands) === 'false' && Number.isInteger(replicas) && replicas >= 0 ? replicas + 1 : 1;
}

/** Returns the ingest pipelines that a restored index names. */
export function pipelinesOf(index: StoredIndex, request: SettingsRequest): { setting: string; pipeline: string }[] {
  const { settings } = effectiveSettings(index, request);
  return ['index.default_pipeline', 'index.final_pipeline'].flatMap((setting) => {
    const pipeline = settings.get(setting);
    return typeof pipeline === 'string' && pipeline !== '_none' ? [{ setting, pipeline }] : [];
  });
}

/** Returns the settings of the request itself. Throws `parse_exception` when they are not an object. */
export function askedSettings(request: SettingsRequest): Map<string, SettingValue> {
  return requestedSettings(request.indexSettings);
}

function effectiveSettings(
  index: StoredIndex,
  request: SettingsRequest,
): { settings: Map<string, SettingValue>; dropped: Dropped[] } {
  const settings = new Map<string, SettingValue>();
  const dropped: Dropped[] = [];
  const ignored = ignoredSettings(index.name, request.ignoreIndexSettings ?? []);
  for (const [name, value] of flattenSettings(JSON.parse(index.settings))) {
    if (IDENTITY.test(name) || ignored(name)) continue;
    const storage = STORAGE.find(([pattern]) => pattern.test(name));
    if (storage && !isPlainStore(name, value)) {
      dropped.push({ kind: 'setting', name, reason: storage[1] });
    } else settings.set(name, value);
  }
  for (const [name, value] of requestedSettings(request.indexSettings)) {
    if (UNMODIFIABLE.includes(name) || name.startsWith(UNMODIFIABLE_PREFIX)) {
      throw refusal(index.name, `cannot modify setting [${name}] on restore`);
    }
    if (name === 'index.soft_deletes.enabled' && String(value) === 'false') {
      throw refusal(index.name, `cannot disable setting [${name}] on restore`);
    }
    settings.set(name, value);
  }
  const readOnly = settings.get('index.blocks.read_only');
  if (readOnly !== undefined) {
    settings.delete('index.blocks.read_only');
    if (String(readOnly) === 'true') {
      settings.set('index.blocks.write', 'true');
      dropped.push({ kind: 'setting', name: 'index.blocks.read_only', reason: 'restored as index.blocks.write' });
    }
  }
  return { settings, dropped };
}

/** Returns whether the setting is the `index.store.type` of an index on a disk, such as `hybridfs`, which is kept. */
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

/** Returns the aliases with the raw text of each definition. */
function aliasesOf(aliases: string): RestoredAlias[] {
  const bytes = Buffer.from(aliases);
  const found: RestoredAlias[] = [];
  walkObject(bytes, 0, (name, start) => {
    const end = skipValue(bytes, start);
    found.push({ name, definition: textOf(bytes, { start, end }) });
    return end;
  });
  return found;
}
