/**
 * Checks the settings of a registration against what its store type takes. An unknown setting is refused by name,
 * because a misspelt setting that is silently ignored would be found out at restore time.
 */
import { type GivenSettings, settingsInvalid, shortened } from '../blobs/contract/given-settings';
import { type StorePolicy } from '../blobs/contract/store-policy';
import { type StoreType } from '../blobs/contract/store-type';
import { type StoreSettings, storeTypeOf } from '../blobs/registry';
import { parseWriteSettings, WRITE_SETTINGS, type WriteSettings } from './write-settings';

/** Says where a repository is and how it is written. */
export interface RepositorySettings {
  readonly store: StoreSettings;
  readonly write: WriteSettings;
}

/** The settings of a new registration. */
interface NewSettings extends RepositorySettings {
  /** The settings as they were given, without secrets. */
  readonly shown: Readonly<Record<string, string>>;
  /** Credentials; undefined for a store that takes none, or those of its environment. */
  readonly secrets?: object;
}

/** Bytes of the longest value, and of all names and values: every registration travels in payloads of Temporal. */
const MAX_VALUE_BYTES = 4 * 1024;
const MAX_SETTINGS_BYTES = 16 * 1024;

/**
 * Parses the settings of a new repository of `type`, credentials included, without reaching store or disk.
 *
 * Throws `repository_settings_invalid` when the type or a setting is unknown, or a value is missing, forbidden or too
 * long. Throws `illegal_argument_exception` when a value can't be parsed. No message holds a secret.
 */
export function parseNewSettings(
  type: string,
  settings: Readonly<Record<string, unknown>>,
  policy: StorePolicy,
): NewSettings {
  const storeType = storeTypeOf(type);
  const given = readGiven(storeType, settings);
  const isSecret = (name: string): boolean => storeType.secretSettings.includes(name);
  return {
    ...parse(storeType, given, policy),
    shown: Object.fromEntries([...given].filter(([name]) => !isSecret(name))),
    secrets: storeType.parseSecrets?.(given, policy),
  };
}

/** Parses the settings that a registration of `type` shows. Throws as {@link parseNewSettings}. */
export function parseShownSettings(
  type: string,
  shown: Readonly<Record<string, string>>,
  policy: StorePolicy,
): RepositorySettings {
  const storeType = storeTypeOf(type);
  return parse(storeType, readGiven(storeType, shown), policy);
}

function parse(storeType: StoreType, given: GivenSettings, policy: StorePolicy): RepositorySettings {
  const write = parseWriteSettings(given);
  // A registered type parses to the settings of that type.
  return { store: storeType.parse(given, policy) as StoreSettings, write };
}

/** Returns the settings as text. Leaves out those that are null. */
function readGiven(storeType: StoreType, settings: Readonly<Record<string, unknown>>): GivenSettings {
  const known = [...WRITE_SETTINGS, ...storeType.settings, ...storeType.secretSettings];
  const given = new Map<string, string>();
  let bytes = 0;
  for (const [name, value] of Object.entries(settings)) {
    if (!known.includes(name)) {
      throw settingsInvalid(
        `unknown setting [${shortened(name)}] of repository type [${storeType.name}]; known are [${known.sort().join(', ')}]`,
      );
    }
    if (value === null) continue;
    if (typeof value === 'object') throw settingsInvalid(`setting [${name}] must be a single value`);
    const text = String(value as string | number | boolean);
    const length = Buffer.byteLength(text);
    if (length > MAX_VALUE_BYTES) {
      throw settingsInvalid(`setting [${name}] has [${length}] bytes, and [${MAX_VALUE_BYTES}] are the most`);
    }
    bytes += name.length + length;
    given.set(name, text);
  }
  if (bytes > MAX_SETTINGS_BYTES) {
    throw settingsInvalid(`the settings have [${bytes}] bytes, and [${MAX_SETTINGS_BYTES}] are the most`);
  }
  return given;
}
