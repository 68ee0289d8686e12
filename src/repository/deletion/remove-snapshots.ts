/** The first two steps of a deletion, each one commit (FORMAT.md, "Deleting"); the others are in sweep.ts. */
import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Catalogue, type RootView } from '../catalogue/catalogue';
import { withRemoved, withSweeping } from '../catalogue/root';
import { type Root } from '../format/format';

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

/** Which removed snapshots may be swept. */
export interface Marking {
  /** UUIDs of the snapshots that running jobs build on, read, or are about to commit: they are spared. */
  readonly inUse: ReadonlySet<string>;
  /**
   * Generation of a root that was read before `inUse` was asked for: what is removed later is left for the next marking. So a zombie
   * marks nothing that jobs use which began after it was asked. Unset: all that is removed.
   */
  readonly through?: number;
}

/**
 * Marks removed snapshots for sweeping, in one commit: from then on no job may build on them. No commit where there is
 * none to mark. Until this has returned no job may begin that `inUse` does not know of.
 */
export async function markSweeping(
  catalogue: Catalogue,
  { inUse, through }: Marking,
  options: BlobCallOptions = {},
): Promise<Root> {
  return catalogue.commitRoot((root) => withSweeping(root, inUse, { through }), options);
}
