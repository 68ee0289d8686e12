import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { type GlobalState } from '../../contracts/global-state';
import { type ObjectRef } from '../../contracts/stored';
import { heldStates } from '../catalogue/root';
import { FORMAT_VERSION, type Root } from '../format/format';
import { globalStateSchema } from '../format/global-state';
import { globalStateKey, globalStateName } from '../format/keys';
import { checkReadable, getMetadata, referenceTo, sha256 } from '../format/metadata';

const compressed = promisify(gzip);

/** Options of {@link keepGlobalState}. */
interface KeepOptions extends BlobCallOptions {
  readonly compress: boolean;
  /** Snapshots that stay as long as this one is being taken, by uuid; unset: whoever has the state now. */
  readonly among?: ReadonlySet<string>;
}

/**
 * Stores the global state of the snapshot `uuid`, unless another snapshot has an equal one: then shares that. Can be
 * repeated: the same state has the same key and bytes. Throws `internal` if readers would refuse it, and what the store
 * throws.
 */
export async function keepGlobalState(
  store: BlobStore,
  root: Root,
  uuid: string,
  state: GlobalState,
  { compress, among, signal }: KeepOptions,
): Promise<ObjectRef> {
  const stored = { format: FORMAT_VERSION, ...state };
  checkReadable('the global state', stored, globalStateSchema);
  const json = Buffer.from(JSON.stringify(stored));
  const bytes = compress ? await compressed(json) : json;
  const ref = referenceTo(globalStateKey(uuid, sha256(bytes), compress), bytes);
  const name = globalStateName(ref.key);
  const held = heldStates(root);
  const shared = [...root.snapshots, ...root.removed].findLast(
    ({ globalState: key, uuid: holder }) =>
      key !== undefined && globalStateName(key) === name && (among?.has(holder) ?? true) && held.has(key),
  );
  if (shared?.globalState !== undefined) return { ...ref, key: shared.globalState };
  await store.put(ref.key, bytes, { signal });
  return ref;
}

/** Reads what {@link keepGlobalState} wrote. Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
export function readGlobalState(store: BlobStore, ref: ObjectRef, options: BlobCallOptions = {}): Promise<GlobalState> {
  return getMetadata(store, ref, globalStateSchema, options);
}
