/** The first two steps of a deletion, each one commit (FORMAT.md, "Deleting"); the others are in sweep.ts. */
import { type BlobCallOptions } from '../blobs/blob-store';
import { type Catalogue, type RootView } from './catalogue';
import { type Root } from './format';
import { withRemoved, withSweeping } from './root';

/**
 * Takes the snapshots out of the catalogue, in one commit: from then on they are gone for everybody but the jobs that
 * build on them or read them. Repeating it is harmless; those that are removed or unknown already are no error.
 */
export async function removeSnapshots(
  catalogue: Catalogue,
  uuids: Iterable<string>,
  options: BlobCallOptions & { from?: RootView; nowMillis?: number } = {},
): Promise<Root> {
  const { nowMillis = Date.now(), ...rest } = options;
  const going = new Set(uuids);
  return catalogue.commitRoot((root) => withRemoved(root, going, nowMillis), rest);
}

/**
 * Marks the removed snapshots for sweeping, in one commit: from then on no job may build on them. No commit where there
 * is none to mark. While this runs no job may begin that `inUse` does not know of.
 *
 * @param marking.inUse UUIDs of the snapshots that running jobs build on, read, or are about to commit: they are spared.
 */
export async function markSweeping(
  catalogue: Catalogue,
  { inUse }: { readonly inUse: ReadonlySet<string> },
  options: BlobCallOptions = {},
): Promise<Root> {
  return catalogue.commitRoot((root) => withSweeping(root, inUse), options);
}
