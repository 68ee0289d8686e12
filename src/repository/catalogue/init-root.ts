import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Root } from '../format/format';
import { type Catalogue } from './catalogue';

/**
 * Returns the present root, and commits the first one if there is none. So the repository has its uuid before anything
 * else is written to it. Can be repeated and run concurrently: all callers get the same uuid.
 */
export async function initRoot(catalogue: Catalogue, options: BlobCallOptions = {}): Promise<Root> {
  return catalogue.commitRoot((root) => (root.generation > 0 ? root : { ...root, generation: 1 }), options);
}
