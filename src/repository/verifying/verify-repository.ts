/**
 * Verifies the place of a repository before it is registered: it is free or holds this format, the front door sees the
 * same objects, and the store never lets a second writer replace an object.
 */
import { randomBytes } from 'node:crypto';
import { type BlobStore } from '../../blobs/contract/blob-store';
import { storeTypeOf } from '../../blobs/registry';
import { notTheSameStore } from '../../contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import {
  type NewRegistration,
  type StoreMarker,
  type VerifiedStore,
  type VerifyRegistration,
} from '../../contracts/registration';
import { type Catalogue } from '../catalogue/catalogue';
import { verifyKey } from '../format/keys';
import { type ForeignObjects, foreignObjects } from '../objects/foreign-objects';

const MARKER_MAX_BYTES = 1024;

/** A repository opened for its verification alone. */
interface VerifiedPlace {
  readonly store: BlobStore;
  readonly catalogue: Catalogue;
  readonly write: { readonly readonly: boolean };
}

/**
 * Verifies the place. Unless it is readonly, writes an object, lets a second write of it be refused, reads it back and
 * deletes it. Leaves nothing behind; the front door's marker is deleted, which shows the front door what a worker does.
 *
 * Throws `repository_verification_exception` when the place holds something else, when the front door's marker is
 * missing, or when the store is unsafe; `repository_corrupt` when this release cannot read the root; and what the store
 * throws.
 */
export async function verifyRepository(
  { store, catalogue, write }: VerifiedPlace,
  { registration, marker }: VerifyRegistration,
  signal: AbortSignal,
): Promise<Pick<VerifiedStore, 'rootUuid'>> {
  await store.checkUsable({ signal });
  const { uuid: rootUuid } = await catalogue.readRoot({ signal });
  const foreign = await foreignObjects(store, { signal });
  if (foreign !== undefined) throw occupied(registration, store.description, foreign);
  if (marker !== undefined) await takeMarker(registration, store, marker, signal);
  if (!write.readonly) await proveWrites(registration, store, signal);
  return { rootUuid };
}

/** Reads the marker of the front door and deletes it. Throws `repository_verification_exception` when it is missing. */
async function takeMarker(
  { name }: NewRegistration,
  store: BlobStore,
  { key, text }: StoreMarker,
  signal: AbortSignal,
): Promise<void> {
  let found: Buffer | undefined;
  try {
    found = await store.get(key, { signal, maxBytes: MARKER_MAX_BYTES });
  } catch (error) {
    if (!isSnapkeepError(error, 'blob_missing')) throw error;
  }
  if (found?.toString('utf8') !== text) throw notTheSameStore(name, 'a worker', store.description);
  await store.delete([key], { signal });
}

async function proveWrites(registration: NewRegistration, store: BlobStore, signal: AbortSignal): Promise<void> {
  const marker = Buffer.from(randomBytes(16).toString('hex'));
  const key = verifyKey(marker.toString('utf8'));
  try {
    await store.putIfAbsent(key, marker, { signal });
    if (!(await store.get(key, { signal, maxBytes: MARKER_MAX_BYTES })).equals(marker)) {
      throw unproven(registration, 'reads back other bytes');
    }
    if (!(await isRefused(store.putIfAbsent(key, Buffer.from('second'), { signal })))) {
      throw unproven(registration, 'lets a second writer replace an object that must not be replaced');
    }
  } finally {
    await store.delete([key]);
  }
}

async function isRefused(put: Promise<void>): Promise<boolean> {
  try {
    await put;
    return false;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_exists')) return true;
    throw error;
  }
}

function unproven({ name }: NewRegistration, problem: string): SnapkeepError {
  return new SnapkeepError(
    'repository_verification_exception',
    `[${name}] store of the repository ${problem}; it can't hold snapshots safely`,
  );
}

function occupied(
  { name, type }: NewRegistration,
  place: string,
  { native, count, examples }: ForeignObjects,
): SnapkeepError {
  const more = count > examples.length ? ` and ${count - examples.length} more` : '';
  const content = native
    ? 'what looks like a native repository of Elasticsearch or OpenSearch'
    : "what no repository of Snapkeep's has";
  const setting = storeTypeOf(type).placeSetting;
  return new SnapkeepError(
    'repository_verification_exception',
    `[${name}] [${place}] holds ${content}: [${examples.join('], [')}]${more}; register an empty place, such as another [${setting}]`,
    { details: { repository: name, native, examples: [...examples] } },
  );
}
