/** Takes the first two steps of a deletion, each one commit (FORMAT.md, "Deleting"); the others are in sweep.ts. */
import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Catalogue, type RootView } from '../catalogue/catalogue';
import { withRemoved, withSweeping } from '../catalogue/root';
import { type Root } from '../format/format';

/**
 * Removes snapshots from the catalogue, in one commit. From then on only jobs that build on them or read them use them.
 * Can be repeated; snapshots that are removed already, or unknown, are ignored.
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

/** Selects the removed snapshots that may be swept. */
interface Marking {
  /** UUIDs of the snapshots that running jobs build on, read, or are about to commit: they are not marked. */
  readonly inUse: ReadonlySet<string>;
  /**
   * Generation of a root that was read before `inUse` was determined: snapshots that are removed later are left to the
   * next marking. So a zombie marks no snapshot that jobs use which began after `inUse` was determined. Unset: no
   * limit.
   */
  readonly through?: number;
}

/**
 * Marks removed snapshots for sweeping, in one commit, so that no job may build on them any more. Commits nothing if
 * there is none to mark. Until this returns, no job may begin that `inUse` does not account for.
 */
export async function markSweeping(
  catalogue: Catalogue,
  { inUse, through }: Marking,
  options: BlobCallOptions = {},
): Promise<Root> {
  return catalogue.commitRoot((root) => withSweeping(root, inUse, { through }), options);
}
