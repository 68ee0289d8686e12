import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { type Catalogue } from '../catalogue/catalogue';
import { deleteLeftovers } from '../deletion/orphans';
import { FORMAT_VERSION, type RootEntry, type SnapshotManifest } from '../format/format';
import { sumTotals } from '../format/shard-totals';
import { commitSnapshot } from './commit-snapshot';

/**
 * Commits a snapshot that failed after it was promised: it is listed as FAILED, with the reasons in `failures` and no
 * data. No other commit of it can come through any more, as after a roll-back; what the job wrote is deleted. Repeating it
 * is harmless. If the snapshot was committed after all, returns that entry.
 *
 * Throws what {@link commitSnapshot} throws, except `base_changed`: then the snapshot has to be rolled back.
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
