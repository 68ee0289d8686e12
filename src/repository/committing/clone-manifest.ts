import { type IndexEntry, type SnapshotManifest } from '../format/format';
import { sharedEntry } from '../segments/base-reuse';
import { buildSnapshotManifest } from './commit-snapshot';

/**
 * Builds the manifest of a clone, which shares all its shards with the source as they are. As in Elasticsearch, it does
 * not take over the source's `metadata`. Commit it with `cloneOf`.
 */
export function buildCloneManifest(
  { cluster, includeGlobalState }: SnapshotManifest,
  indices: readonly IndexEntry[],
  { snapshot, uuid, startMillis }: Pick<SnapshotManifest, 'snapshot' | 'uuid' | 'startMillis'>,
): SnapshotManifest {
  const shared = indices.map((index) => ({
    ...index,
    shards: index.shards.map((shard) => shard && { ...sharedEntry(shard, startMillis), shown: shard.shown }),
  }));
  const endMillis = Date.now();
  const clone = { snapshot, uuid, startMillis, endMillis, cluster, metadata: '{}', includeGlobalState };
  return buildSnapshotManifest({ ...clone, indices: shared, failures: [] }, { partial: true });
}
