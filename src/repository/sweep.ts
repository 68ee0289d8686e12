/** Deleting what a removed snapshot leaves behind (FORMAT.md, "Deleting"). */
import { BlobCallOptions } from '../blobs/blob-store';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { findNeighbours, HeldShards, objectsOf, shardId } from './base-rule';
import { Catalogue, unlessMissing } from './catalogue';
import { RemovedSnapshot } from './commit-snapshot';
import { ShardEntry, SnapshotManifest } from './format';
import { findLeftovers } from './orphans';
import { findSnapshotByUuid } from './root';

/** Objects that nothing uses any more, to be deleted in this order: all of a step before those of the next. */
export interface SweepStep {
  readonly keys: readonly string[];
  /** Stored bytes of the data objects among them. */
  readonly bytes: number;
}

export interface SweepProgress {
  readonly objects: number;
  readonly bytes: number;
}

/** Keys that one delete call names. */
const BATCH = 1000;
/** Times the neighbours are looked up again because one of them was removed and swept meanwhile. */
const NEIGHBOUR_TRIES = 10;

/**
 * What nothing uses any more now that the snapshot is out of the root: what its job left, then shard by shard data objects
 * before the shard manifest, at the end the snapshot manifest. Empty if that is gone, since then everything is. Reads the manifests of the
 * snapshot and its neighbours, and the shard manifests in which they differ.
 *
 * Throws `internal` if the snapshot is still in the root, `repository_corrupt` or `blob_missing` if a manifest that has to be
 * there is not: then nothing of the shard is deleted.
 */
export async function* planSweep(
  catalogue: Catalogue,
  removed: RemovedSnapshot,
  options: BlobCallOptions = {},
): AsyncGenerator<SweepStep, void, undefined> {
  const manifest = await unlessMissing(catalogue.readSnapshotManifest(removed.manifest, options));
  if (manifest === undefined) return;
  let neighbours = await neighboursOf(catalogue, removed, manifest, options);
  // First, while its manifests still tell them apart: its job may have had no time to tidy up.
  const leftovers = await findLeftovers(catalogue, removed, options);
  if (leftovers.length > 0) {
    yield { keys: leftovers.map(({ key }) => key), bytes: leftovers.reduce((sum, { length }) => sum + length, 0) };
  }
  for (const index of manifest.indices) {
    for (const [shard, entry] of index.shards.entries()) {
      if (entry === null) continue;
      const id = shardId(index.uuid, shard);
      for (let tries = 1; ; tries++) {
        const users = [neighbours.before.get(id)?.entry, neighbours.after.get(id)?.entry];
        try {
          yield* await unusedOf(catalogue, entry, users, options);
          break;
        } catch (error) {
          // A neighbour was removed and swept since the root was read. What it shared with others beyond it is not known
          // from here: the neighbours have to be found anew.
          if (!isSnapkeepError(error, 'blob_missing') || tries === NEIGHBOUR_TRIES) throw error;
          neighbours = await neighboursOf(catalogue, removed, manifest, options);
        }
      }
    }
  }
  yield { keys: [removed.manifest.key], bytes: 0 };
}

/**
 * Deletes what {@link planSweep} finds. May end anywhere and be started again, at any time after: what was unused stays so.
 * Throws what planning and the store throw.
 */
export async function sweepSnapshot(
  catalogue: Catalogue,
  removed: RemovedSnapshot,
  options: BlobCallOptions & { onProgress?: (done: SweepProgress) => void } = {},
): Promise<SweepProgress> {
  const done = { objects: 0, bytes: 0 };
  for await (const { keys, bytes } of planSweep(catalogue, removed, options)) {
    for (let from = 0; from < keys.length; from += BATCH) {
      await catalogue.store.delete(keys.slice(from, from + BATCH), { signal: options.signal });
    }
    done.objects += keys.length;
    done.bytes += bytes;
    options.onProgress?.({ ...done });
  }
  return done;
}

async function neighboursOf(
  catalogue: Catalogue,
  removed: RemovedSnapshot,
  manifest: SnapshotManifest,
  options: BlobCallOptions,
): Promise<{ before: HeldShards; after: HeldShards }> {
  const shards = manifest.indices.flatMap(({ uuid, shards: entries }) =>
    entries.flatMap((entry, shard) => (entry === null ? [] : [{ indexUuid: uuid, shard }])),
  );
  for (let tries = 0; tries < NEIGHBOUR_TRIES; tries++) {
    const root = await catalogue.readRoot(options);
    if (findSnapshotByUuid(root, removed.uuid) !== undefined) {
      throw new SnapkeepError('internal', `snapshot [${manifest.snapshot}] is still in the root: it can't be swept`);
    }
    try {
      return await findNeighbours(catalogue, root, removed.order, shards, options);
    } catch (error) {
      if (!isSnapkeepError(error, 'blob_missing')) throw error;
    }
  }
  throw new SnapkeepError(
    'repository_corrupt',
    `a snapshot manifest that the root of [${catalogue.store.description}] names is missing`,
  );
}

/** Steps for one shard. Throws `blob_missing` if the shard manifest of one of the users is gone. */
async function unusedOf(
  catalogue: Catalogue,
  entry: ShardEntry,
  neighbours: readonly (ShardEntry | undefined)[],
  options: BlobCallOptions,
): Promise<SweepStep[]> {
  const users = neighbours.filter((user) => user !== undefined);
  if (users.some((user) => user.manifest.key === entry.manifest.key)) return [];
  const own = await unlessMissing(catalogue.readShardManifest(entry, options));
  if (own === undefined) return []; // an earlier try did this shard
  const used = new Set<string>();
  for (const user of users) {
    for (const key of objectsOf(user, await catalogue.readShardManifest(user, options))) used.add(key);
  }
  const unused = own.segments.flatMap(({ objects }) => objects).filter(({ key }) => !used.has(key));
  const bytes = unused.reduce((sum, { length }) => sum + length, 0);
  const data = { keys: unused.map(({ key }) => key), bytes };
  const manifest = { keys: [entry.manifest.key], bytes: 0 };
  return data.keys.length > 0 ? [data, manifest] : [manifest];
}
