import { type BlobStore } from './blob-store';
import { type GivenSettings } from './given-settings';
import { type StoreEnvironment, type StorePolicy } from './store-policy';

/**
 * Describes one type of store: the settings that its repositories take and how to open one. Everything that depends on
 * the type of a store comes from here: the checks of a registration, the settings that are sealed, hidden and kept out
 * of logs, and the opened store. src/blobs/registry.ts lists the descriptions.
 */
export interface StoreType<
  Settings extends { readonly type: string } = { readonly type: string },
  Secrets extends object = object,
> {
  /** The `type` of a registration, such as `oss`. */
  readonly name: Settings['type'];
  /**
   * Names of the settings that say where the store is. Anyone may see their values. A registration can't change them
   * while jobs run, because the jobs would lose the store they work in.
   */
  readonly settings: readonly string[];
  /**
   * Names of the settings that hold credentials. Their values are sealed before they leave the process, and are
   * neither shown nor logged. A registration can change them while jobs run.
   */
  readonly secretSettings: readonly string[];
  /** The one of `settings` that a user changes to choose an empty place. */
  readonly placeSetting: string;

  /**
   * Parses `settings` without reaching the store.
   *
   * Throws `repository_settings_invalid` when a value is missing or malformed, or `policy` does not allow it.
   */
  parse(given: GivenSettings, policy: StorePolicy): Settings;

  /**
   * Parses `secretSettings`. A type without credentials has no such function. The result is sealed as JSON and stays in
   * registrations, so later releases must be able to read it. Undefined: the store takes those of its environment. No
   * error holds a value.
   */
  parseSecrets?(given: GivenSettings, policy: StorePolicy): Secrets | undefined;

  /**
   * Opens the store, without sending anything before its first call. With `readonly`, `checkUsable` accepts a place
   * that can only be read.
   *
   * Throws `repository_settings_invalid` when the settings or secrets can't be used.
   */
  open(
    settings: Settings,
    secrets: Secrets | undefined,
    options: { readonly readonly: boolean; readonly environment?: StoreEnvironment },
  ): BlobStore;
}
