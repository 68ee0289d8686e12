import type { IndexMetadata } from '../metadata/index-metadata';
import type { ShardView } from '../storage/view';

/** One shard that a search reads, as of one moment. */
export interface SearchTarget {
  readonly index: IndexMetadata;
  /** Number of the shard in its index. */
  readonly shard: number;
  readonly view: ShardView;
}
