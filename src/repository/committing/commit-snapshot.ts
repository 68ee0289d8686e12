import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { checkBaseRule, checkClone, checkStateRule } from '../catalogue/base-rule';
import { type Catalogue, type RootView } from '../catalogue/catalogue';
import { addSnapshot, findSnapshotByUuid } from '../catalogue/root';
import {
  FORMAT_VERSION,
  type RootEntry,
  type SnapshotManifest,
  type SnapshotState,
  type StoredSnapshot,
} from '../format/format';
import { newAttempt, snapshotManifestName } from '../format/keys';
import { checkReadable, putMetadata } from '../format/metadata';
import { snapshotManifestSchema } from '../format/schemas';
import { sumTotals } from '../format/shard-totals';
import { shareMappings } from '../format/shared-mappings';

/**
 * Builds the manifest of a finished snapshot; state and sums follow from its shards. Without `partial`, one failed
 * shard makes the snapshot FAILED. A FAILED snapshot holds no data: its copied shards and its global
 * state are dropped.
 */
export function buildSnapshotManifest(
  snapshot: Omit<SnapshotManifest, 'format' | 'state' | 'totals'>,
  options: { partial: boolean },
): SnapshotManifest {
  const shards = snapshot.indices.flatMap((index) => index.shards);
  const failed = shards.filter((shard) => shard === null).length;
  let state: SnapshotState = 'SUCCESS';
  if (failed > 0 || snapshot.failures.length > 0) {
    state = options.partial && (failed < shards.length || shards.length === 0) ? 'PARTIAL' : 'FAILED';
  }
  const indices =
    state === 'FAILED'
      ? snapshot.indices.map((index) => ({ ...index, shards: index.shards.map(() => null) }))
      : snapshot.indices;
  const totals = sumTotals(indices.flatMap((index) => index.shards));
  const { globalState, ...rest } = snapshot;
  const kept = state === 'FAILED' || globalState === undefined ? {} : { globalState };
  return { ...rest, ...kept, format: FORMAT_VERSION, state, indices, totals };
}

/**
 * Commits a snapshot: writes its manifest, then the root. With the root it becomes visible to all readers at once. Can
 * be repeated, also after an attempt with an unknown outcome.
 *
 * Throws `base_changed` (plan the shards in its details again), `snapshot_name_already_in_use_exception`,
 * `concurrent_snapshot_execution_exception` if the snapshot was rolled back before, `snapshot_aborted` if an earlier
 * attempt committed it and it was deleted since, and what the store throws.
 *
 * @param options.from a root that was read before, so that it need not be read again.
 * @param options.cloneOf UUID of the snapshot that this one clones; it must share all shards with that snapshot.
 */
export async function commitSnapshot(
  catalogue: Catalogue,
  manifest: SnapshotManifest,
  options: BlobCallOptions & { compress: boolean; from?: RootView; cloneOf?: string },
): Promise<RootEntry> {
  const { signal, compress, cloneOf } = options;
  const from = options.from ?? (await catalogue.viewRoot({ signal }));
  const committed = findSnapshotByUuid(from.root, manifest.uuid);
  if (committed !== undefined) return committed;

  const stored: StoredSnapshot = { ...manifest, ...shareMappings(manifest.indices) };
  checkReadable(`snapshot [${manifest.snapshot}]`, stored, snapshotManifestSchema);
  const name = snapshotManifestName(manifest.uuid, newAttempt());
  const ref = await putMetadata(catalogue.store, name, stored, { compress, signal });
  catalogue.remember(ref, manifest);
  const root = await catalogue.commitRoot(
    async (before) => {
      const after = addSnapshot(before, manifest, ref, cloneOf);
      if (after === before) return before;
      checkStateRule(before, manifest);
      if (cloneOf === undefined) await checkBaseRule(catalogue, before, manifest, { signal });
      else await checkClone(catalogue, before, manifest, cloneOf, { signal });
      return after;
    },
    { signal, from },
  );
  return findSnapshotByUuid(root, manifest.uuid) as RootEntry;
}
