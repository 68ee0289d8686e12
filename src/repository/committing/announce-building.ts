import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Catalogue } from '../catalogue/catalogue';
import { withBuilt } from '../catalogue/root';
import { type Root } from '../format/format';

/**
 * Lists in the root what a long-running snapshot builds on, in one commit. From then on no installation sweeps those
 * snapshots before this one is committed or rolled back, even if they are deleted. Can be repeated.
 *
 * Throws `base_changed` if one of them is being swept already: plan again.
 */
export async function announceBuilding(
  catalogue: Catalogue,
  { uuid, reads }: { readonly uuid: string; readonly reads: readonly string[] },
  options: BlobCallOptions = {},
): Promise<Root> {
  const built = { uuid, reads, sinceMillis: Date.now() };
  return catalogue.commitRoot((root) => withBuilt(root, built), options);
}
