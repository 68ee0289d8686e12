import { type IndexEntry, type SnapshotManifest } from '../format/format';
import { sharedEntry } from '../segments/base-reuse';
import { buildSnapshotManifest } from './commit-snapshot';

/**
 * Builds the manifest of a clone, which shares all its shards with the source as they are. As in Elasticsearch, it does
 * not take over the source's `metadata`. It has the data streams of which it has every index. Commit it with `cloneOf`.
 */
export function buildCloneManifest(
  { cluster, includeGlobalState, globalState, dataStreams = [] }: SnapshotManifest,
  indices: readonly IndexEntry[],
  { snapshot, uuid, startMillis }: Pick<SnapshotManifest, 'snapshot' | 'uuid' | 'startMillis'>,
): SnapshotManifest {
  const shared = indices.map((index) => ({
    ...index,
    shards: index.shards.map((shard) => shard && { ...sharedEntry(shard, startMillis), shown: shard.shown }),
  }));
  const endMillis = Date.now();
  const clone = { snapshot, uuid, startMillis, endMillis, cluster, metadata: '{}', includeGlobalState, globalState };
  const names = new Set(indices.map((index) => index.name));
  // A stream without one of its indices is none.
  const streams = dataStreams.filter((stream) => stream.indices.every((name) => names.has(name)));
  return buildSnapshotManifest(
    { ...clone, indices: shared, failures: [], ...(streams.length === 0 ? {} : { dataStreams: streams }) },
    { partial: true },
  );
}
