import { randomBytes } from 'node:crypto';
import { type BlobStore } from '../src/blobs/contract/blob-store';
import { storeTypeOf } from '../src/blobs/registry';
import { notTheSameStore } from '../src/contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../src/contracts/errors';
import {
  type NewRegistration,
  type StoreMarker,
  type VerifiedStore,
  type VerifyRegistration,
} from '../src/contracts/registration';
import { verifyKey } from '../src/repository/format/keys';
import { type ForeignObjects, foreignObjects } from '../src/repository/objects/foreign-objects';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';

export function registrationActivities({ repositories }: Dependencies) {
  return {
    /**
     * Proves that this worker can use the repository, and that it is the one the front door means: the front door's
     * marker is there; an object can be written, is then refused to a second writer, read back and deleted. Leaves nothing
     * behind, and the front door's marker deleted, so that the front door sees what a worker does. Refuses a place where
     * something else lies that is not of Snapkeep's format.
     */
    verifyRepository: ({ registration, marker: asked }: VerifyRegistration): Promise<VerifiedStore> =>
      runActivity(async ({ signal }) => {
        const { store, catalogue, write } = repositories.openOnce(registration);
        try {
          await store.checkUsable({ signal });
          // What lies there already must be something this release can read.
          const { uuid: rootUuid } = await catalogue.readRoot({ signal });
          const foreign = await foreignObjects(store, { signal });
          if (foreign !== undefined) throw occupied(registration, store.description, foreign);
          if (asked !== undefined) await takeMarker(registration, store, asked, signal);
          if (write.readonly) return { rootUuid };
          const marker = Buffer.from(randomBytes(16).toString('hex'));
          const key = verifyKey(marker.toString('utf8'));
          try {
            await store.putIfAbsent(key, marker, { signal });
            if (!(await store.get(key, { signal, maxBytes: 1024 })).equals(marker))
              throw unproven(registration, 'reads back other bytes');
            if (!(await refuses(store.putIfAbsent(key, Buffer.from('second'), { signal })))) {
              throw unproven(registration, 'lets a second writer replace an object that must not be replaced');
            }
          } finally {
            await store.delete([key]);
          }
          return { rootUuid };
        } finally {
          await store.close();
        }
      }),
  };
}

async function refuses(put: Promise<void>): Promise<boolean> {
  try {
    await put;
    return false;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_exists')) return true;
    throw error;
  }
}

/** Reads the marker of the front door and deletes it. Throws `repository_verification_exception` when it is not there. */
async function takeMarker(
  registration: NewRegistration,
  store: BlobStore,
  { key, text }: StoreMarker,
  signal: AbortSignal,
): Promise<void> {
  let found: Buffer | undefined;
  try {
    found = await store.get(key, { signal, maxBytes: 1024 });
  } catch (error) {
    if (!isSnapkeepError(error, 'blob_missing')) throw error;
  }
  if (found?.toString('utf8') !== text) throw notTheSameStore(registration.name, store.description);
  await store.delete([key], { signal });
}

function unproven(registration: NewRegistration, what: string): SnapkeepError {
  return new SnapkeepError(
    'repository_verification_exception',
    `[${registration.name}] store of the repository ${what}; it can't hold snapshots safely`,
  );
}

function occupied(
  { name, type }: NewRegistration,
  where: string,
  { native, count, examples }: ForeignObjects,
): SnapkeepError {
  const more = count > examples.length ? ` and ${count - examples.length} more` : '';
  const what = native
    ? 'what looks like a native repository of Elasticsearch or OpenSearch'
    : "what no repository of Snapkeep's has";
  return new SnapkeepError(
    'repository_verification_exception',
    `[${name}] [${where}] holds ${what}: [${examples.join('], [')}]${more}; register an empty place, such as another [${storeTypeOf(type).placeSetting}]`,
    { details: { repository: name, native, examples: [...examples] } },
  );
}
