import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { type GlobalState } from '../../contracts/global-state';
import { type ObjectRef } from '../../contracts/stored';
import { FORMAT_VERSION, type Root } from '../format/format';
import { globalStateSchema } from '../format/global-state';
import { globalStateKey, globalStateName } from '../format/keys';
import { checkReadable, getMetadata, referenceTo, sha256 } from '../format/metadata';

const compressed = promisify(gzip);

/** A stored global state, and the uuid of the snapshot that it is shared with; unset if it was written anew. */
export interface KeptState {
  readonly ref: ObjectRef;
  readonly holder?: string;
}

/**
 * Stores the global state of the snapshot `uuid`, unless a snapshot in the root has an equal one: then shares that. Can
 * be repeated: the same state has the same key and bytes. Throws `internal` if readers would refuse it, and what the
 * store throws.
 */
export async function keepGlobalState(
  store: BlobStore,
  root: Root,
  uuid: string,
  state: GlobalState,
  { compress, signal }: BlobCallOptions & { readonly compress: boolean },
): Promise<KeptState> {
  const stored = { format: FORMAT_VERSION, ...state };
  checkReadable('the global state', stored, globalStateSchema);
  const json = Buffer.from(JSON.stringify(stored));
  const bytes = compress ? await compressed(json) : json;
  const ref = referenceTo(globalStateKey(uuid, sha256(bytes), compress), bytes);
  const name = globalStateName(ref.key);
  const shared = root.snapshots.findLast(({ globalState: key }) => key !== undefined && globalStateName(key) === name);
  if (shared?.globalState !== undefined) return { ref: { ...ref, key: shared.globalState }, holder: shared.uuid };
  await store.put(ref.key, bytes, { signal });
  return { ref };
}

/** Reads what {@link keepGlobalState} wrote. Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
export function readGlobalState(store: BlobStore, ref: ObjectRef, options: BlobCallOptions = {}): Promise<GlobalState> {
  return getMetadata(store, ref, globalStateSchema, options);
}
