import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Catalogue } from '../catalogue/catalogue';
import { deleteLeftovers } from '../deletion/orphans';
import { FORMAT_VERSION, type RootEntry, type SnapshotManifest } from '../format/format';
import { sumTotals } from '../format/shard-totals';
import { commitSnapshot } from './commit-snapshot';

/**
 * Commits a snapshot that failed after it was accepted: it is listed as FAILED, with the reasons in `failures` and
 * without data. After that no other commit of the snapshot can succeed, as after a roll-back; the objects of the job
 * are deleted. Can be repeated. If the snapshot was committed after all, returns that entry.
 *
 * Throws what {@link commitSnapshot} throws, except `base_changed`: then roll the snapshot back.
 */
export async function commitFailedSnapshot(
  catalogue: Catalogue,
  snapshot: Omit<SnapshotManifest, 'format' | 'state' | 'totals'>,
  options: BlobCallOptions & { compress: boolean },
): Promise<RootEntry> {
  const indices = snapshot.indices.map((index) => ({ ...index, shards: index.shards.map(() => null) }));
  const manifest = { ...snapshot, format: FORMAT_VERSION, state: 'FAILED', indices, totals: sumTotals([]) } as const;
  const entry = await commitSnapshot(catalogue, manifest, options);
  await deleteLeftovers(catalogue, snapshot.uuid, { signal: options.signal });
  return entry;
}
