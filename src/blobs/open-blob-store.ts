import { type BlobStore } from './contract/blob-store';
import { type StoreEnvironment } from './contract/store-policy';
import { type StoreSettings, storeTypeOf } from './registry';
import { ReadonlyBlobStore } from './wrappers/readonly';
import { RetryingBlobStore } from './wrappers/retrying';
import { ThrottledBlobStore } from './wrappers/throttled';

/** Limits what may be done with a store, and how fast. */
export interface StoreLimits {
  readonly readonly: boolean;
  /** Bytes a second that all puts together may write; unset: no limit. */
  readonly maxSnapshotBytesPerSec?: number;
  /** Bytes a second that all gets together may read; unset: no limit. */
  readonly maxRestoreBytesPerSec?: number;
}

/**
 * Opens the store that `settings` name: retried, throttled, and guarded against writes if readonly. Sends nothing
 * before the first call. Rates hold per opened store, so open one per repository and process.
 *
 * @param secrets what the store type's `parseSecrets` returned; undefined for a store without credentials of its own.
 * @param environment where such a store gets credentials, if it needs any.
 *
 * Throws `repository_settings_invalid` when the settings or secrets can't be used.
 */
export function openBlobStore(
  settings: StoreSettings,
  secrets: object | undefined,
  { readonly, maxSnapshotBytesPerSec, maxRestoreBytesPerSec }: StoreLimits,
  environment?: StoreEnvironment,
): BlobStore {
  const opened = storeTypeOf(settings.type).open(settings, secrets, { readonly, environment });
  let store: BlobStore = new RetryingBlobStore(opened);
  if (maxSnapshotBytesPerSec !== undefined || maxRestoreBytesPerSec !== undefined) {
    store = new ThrottledBlobStore(store, {
      putBytesPerSec: maxSnapshotBytesPerSec,
      getBytesPerSec: maxRestoreBytesPerSec,
    });
  }
  return readonly ? new ReadonlyBlobStore(store) : store;
}
