import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Catalogue } from '../catalogue/catalogue';
import { withBuilt } from '../catalogue/root';
import { type Root } from '../format/format';

/**
 * Says in the root what a snapshot that takes long builds on, in one commit: whatever is deleted, by whichever
 * installation, nobody sweeps that before the snapshot is committed or rolled back. Repeating it is harmless.
 *
 * Throws `base_changed` if that is being swept already: plan again.
 */
export async function announceBuilding(
  catalogue: Catalogue,
  { uuid, reads }: { readonly uuid: string; readonly reads: readonly string[] },
  options: BlobCallOptions = {},
): Promise<Root> {
  const built = { uuid, reads, sinceMillis: Date.now() };
  return catalogue.commitRoot((root) => withBuilt(root, built), options);
}
