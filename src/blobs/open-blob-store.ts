import { SnapkeepError } from '../contracts/errors';
import { type RepositorySecrets, type StoreSettings, type WriteSettings } from '../contracts/repository-settings';
import { type BlobStore } from './contract/blob-store';
import { FsBlobStore } from './fs/fs-blob-store';
import { OssBlobStore } from './oss/oss-blob-store';
import { ReadonlyBlobStore } from './wrappers/readonly';
import { RetryingBlobStore } from './wrappers/retrying';
import { ThrottledBlobStore } from './wrappers/throttled';

/**
 * The store of a repository as its settings describe it: retried, throttled, and guarded against writes if readonly.
 * Nothing is sent before the first call. Rates hold per opened store: open one per repository and process.
 *
 * @throws `repository_settings_invalid` if an `oss` repository has no secrets, or its settings cannot be.
 */
export function openBlobStore(
  settings: StoreSettings,
  secrets: RepositorySecrets | undefined,
  write: WriteSettings,
): BlobStore {
  let store: BlobStore = new RetryingBlobStore(openPlainStore(settings, secrets, write.readonly));
  if (write.maxSnapshotBytesPerSec !== undefined || write.maxRestoreBytesPerSec !== undefined) {
    store = new ThrottledBlobStore(store, {
      putBytesPerSec: write.maxSnapshotBytesPerSec,
      getBytesPerSec: write.maxRestoreBytesPerSec,
    });
  }
  return write.readonly ? new ReadonlyBlobStore(store) : store;
}

function openPlainStore(settings: StoreSettings, secrets: RepositorySecrets | undefined, readonly: boolean): BlobStore {
  if (settings.type === 'fs') return new FsBlobStore(settings.location, { readonly });
  if (secrets === undefined) {
    throw new SnapkeepError(
      'repository_settings_invalid',
      'an oss repository needs [access_key_id] and [secret_access_key]',
    );
  }
  return new OssBlobStore(settings, secrets, { readonly });
}
