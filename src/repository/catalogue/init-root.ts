import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Root } from '../format/format';
import { type Catalogue } from './catalogue';

/**
 * The present root, made now where there is none: then the repository has its uuid, before anything is written to it.
 * Harmless to repeat, and side by side with others: all of them get the same uuid.
 */
export async function initRoot(catalogue: Catalogue, options: BlobCallOptions = {}): Promise<Root> {
  return catalogue.commitRoot((root) => (root.generation > 0 ? root : { ...root, generation: 1 }), options);
}
