/**
 * Checks a store from this process and from a worker, and checks that both see the same one. A worker must see what
 * this process writes, and this process must see what the worker deletes. In a readonly repository both must see the
 * same root.
 */
import { randomBytes } from 'node:crypto';
import { type BlobStore } from '../../blobs/contract/blob-store';
import { notTheSameStore } from '../../contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type NewRegistration, type StoreMarker } from '../../contracts/registration';
import { type OpenRepositories } from '../../registrations/open-repositories';
import { verifyKey } from '../../repository/format/keys';
import { withStoreDeadline } from '../reading/store-deadline';
import { type RegistrationsClient } from './registrations-client';

/** Ms that each call of the store may take. */
const CALL_MS = 4_000;

/**
 * Verifies the store of a registration. Throws `repository_verification_exception` when the store can't be used, and
 * `store_unavailable` when it does not answer.
 */
export async function verifyStore(
  registration: NewRegistration,
  readonly: boolean,
  repositories: OpenRepositories,
  registrations: RegistrationsClient,
): Promise<void> {
  const { store, catalogue } = repositories.openOnce(registration);
  const token = randomBytes(16).toString('hex');
  const marker: StoreMarker | undefined = readonly ? undefined : { key: verifyKey(token), text: token };
  const here = <Result>(call: (signal: AbortSignal) => Promise<Result>): Promise<Result> =>
    withStoreDeadline(call, CALL_MS).catch((error: unknown) => {
      throw unverified(registration.name, error);
    });
  try {
    await here((signal) => store.checkUsable({ signal }));
    try {
      if (marker !== undefined) {
        await here((signal) => store.putIfAbsent(marker.key, Buffer.from(marker.text), { signal }));
      }
      const worker = await registrations.verify({ registration, marker });
      const same =
        marker === undefined
          ? (await here((signal) => catalogue.readRoot({ signal }))).uuid === worker.rootUuid
          : await here((signal) => isMissing(store, marker.key, signal));
      if (!same) throw notTheSameStore(registration.name, store.description);
    } finally {
      if (marker !== undefined) {
        await withStoreDeadline((signal) => store.delete([marker.key], { signal }), CALL_MS).catch(() => undefined);
      }
    }
  } finally {
    await store.close();
  }
}

async function isMissing(store: BlobStore, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await store.get(key, { signal, maxBytes: 1024 });
    return false;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_missing')) return true;
    throw error;
  }
}

/** Returns the error for a store that this process can't use. A store that does not answer keeps its own error. */
function unverified(repository: string, error: unknown): unknown {
  if (!(error instanceof SnapkeepError) || error.code === 'store_unavailable') return error;
  return new SnapkeepError('repository_verification_exception', `[${repository}] ${error.message}`, {
    details: error.details,
    cause: error,
  });
}
