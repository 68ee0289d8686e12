/**
 * Who neighbours whom, and whether a snapshot may be committed (FORMAT.md, "The base rule").
 */
import { BlobCallOptions } from '../blobs/blob-store';
import { isSnapkeepError, SnapkeepError } from '../contracts/errors';
import { Catalogue } from './catalogue';
import { Root, RootEntry, ShardEntry, ShardManifest, SnapshotManifest } from './format';
import { writerOf } from './keys';
import { findSnapshotByUuid, ordinals } from './root';

/** One shard, whatever the snapshot: index uuid and number. */
export interface ShardName {
  readonly indexUuid: string;
  readonly shard: number;
}

/** What a snapshot holds of a shard, with what else makes it comparable. */
export interface HeldShard {
  readonly entry: ShardEntry;
  readonly snapshotUuid: string;
  readonly clusterUuid: string;
  /** Number of shards of the index. */
  readonly shards: number;
}

export type HeldShards = ReadonlyMap<string, HeldShard>;

/** Key of a shard in {@link HeldShards}. */
export function shardId(indexUuid: string, shard: number): string {
  return `${indexUuid}/${shard}`;
}

/** Times the root is read again because snapshots were removed and swept after it was read. */
const ROOT_TRIES = 10;

/**
 * What the newest snapshots that hold them have of the shards: the bases of a snapshot to come. Reads the manifests of
 * the snapshots found, usually the newest one only. If one of those was removed and swept since `root` was read, looks in
 * the present root. Throws `blob_missing` if the present one names a manifest that is not there.
 */
export async function findBases(
  catalogue: Catalogue,
  root: Root,
  shards: Iterable<ShardName>,
  options: BlobCallOptions = {},
): Promise<HeldShards> {
  const wanted = [...shards];
  for (let tries = 1; ; tries++) {
    try {
      return await newestHolders(catalogue, root, wanted, options);
    } catch (error) {
      if (!isSnapkeepError(error, 'blob_missing') || tries === ROOT_TRIES) throw error;
      const present = await catalogue.readRoot(options);
      if (present.generation === root.generation) throw error;
      root = present;
    }
  }
}

function newestHolders(
  catalogue: Catalogue,
  root: Root,
  shards: Iterable<ShardName>,
  options: BlobCallOptions,
): Promise<HeldShards> {
  return nearestHolders(catalogue, root, root.snapshots.toReversed(), shards, options);
}

/**
 * The nearest snapshots on both sides of `order` that hold the shards: `before` with an order not above, `after` with
 * one not below. A snapshot's clones count on both sides.
 */
export async function findNeighbours(
  catalogue: Catalogue,
  root: Root,
  order: number,
  shards: readonly ShardName[],
  options: BlobCallOptions = {},
): Promise<{ before: HeldShards; after: HeldShards }> {
  const earlier = root.snapshots.filter((entry) => entry.order <= order).reverse();
  const later = root.snapshots.filter((entry) => entry.order >= order);
  return {
    before: await nearestHolders(catalogue, root, earlier, shards, options),
    after: await nearestHolders(catalogue, root, later, shards, options),
  };
}

/** Every object a shard entry refers to: the data objects of its manifest, and the manifest itself. */
export function objectsOf(entry: ShardEntry, manifest: ShardManifest): string[] {
  return [...manifest.segments.flatMap(({ objects }) => objects.map(({ key }) => key)), entry.manifest.key];
}

/**
 * Throws `base_changed`, with the shards in `details.shards`, unless every object that the snapshot refers to and did
 * not write itself is used by the newest snapshot in `root` that holds the same shard.
 */
export async function checkBaseRule(
  catalogue: Catalogue,
  root: Root,
  snapshot: SnapshotManifest,
  options: BlobCallOptions = {},
): Promise<void> {
  const sharing = new Map<string, { entry: ShardEntry; name: ShardName; label: string }>();
  for (const index of snapshot.indices) {
    for (const [shard, entry] of index.shards.entries()) {
      if (entry === null || sharedManifest(entry, snapshot.uuid) === undefined) continue;
      const name = { indexUuid: index.uuid, shard };
      sharing.set(shardId(index.uuid, shard), { entry, name, label: `${index.name}[${shard}]` });
    }
  }
  const bases = await newestHolders(
    catalogue,
    root,
    [...sharing.values()].map(({ name }) => name),
    options,
  );
  const changed: string[] = [];
  for (const [id, { entry, label }] of sharing) {
    const base = bases.get(id)?.entry;
    if (base?.manifest.key === sharedManifest(entry, snapshot.uuid)) continue;
    if (base === undefined || !(await sharesOnly(catalogue, entry, snapshot.uuid, base, options))) changed.push(label);
  }
  if (changed.length === 0) return;
  const more = changed.length > 5 ? ` and ${changed.length - 5} more` : '';
  throw new SnapkeepError(
    'base_changed',
    `another job changed what snapshot [${snapshot.snapshot}] builds on: ${changed.slice(0, 5).join(', ')}${more}; these shards have to be planned again`,
    { details: { shards: changed } },
  );
}

/** Throws `illegal_argument_exception` unless every shard of the clone is the very one that its source has. */
export async function checkClone(
  catalogue: Catalogue,
  root: Root,
  clone: SnapshotManifest,
  sourceUuid: string,
  options: BlobCallOptions = {},
): Promise<void> {
  const source = findSnapshotByUuid(root, sourceUuid) as RootEntry;
  const { indices } = await catalogue.readSnapshotManifest(source.manifest, options);
  const held = new Map(indices.map((index) => [index.uuid, index.shards]));
  for (const { name, uuid, shards } of clone.indices) {
    for (const [shard, entry] of shards.entries()) {
      if (entry === null || entry.manifest.key === held.get(uuid)?.[shard]?.manifest.key) continue;
      throw new SnapkeepError(
        'illegal_argument_exception',
        `clone [${clone.snapshot}] has a shard [${name}][${shard}] that its source [${source.snapshot}] has not`,
      );
    }
  }
}

/** The earlier manifest whose objects the entry uses; undefined if the snapshot wrote all of them itself. */
function sharedManifest(entry: ShardEntry, snapshotUuid: string): string | undefined {
  return writerOf(entry.manifest.key) === snapshotUuid ? entry.base : entry.manifest.key;
}

async function sharesOnly(
  catalogue: Catalogue,
  entry: ShardEntry,
  snapshotUuid: string,
  base: ShardEntry,
  options: BlobCallOptions,
): Promise<boolean> {
  const allowed = new Set(objectsOf(base, await catalogue.readShardManifest(base, options)));
  const used = objectsOf(entry, await catalogue.readShardManifest(entry, options));
  return used.every((key) => writerOf(key) === snapshotUuid || allowed.has(key));
}

async function nearestHolders(
  catalogue: Catalogue,
  root: Root,
  nearestFirst: readonly RootEntry[],
  shards: Iterable<ShardName>,
  options: BlobCallOptions,
): Promise<HeldShards> {
  const ordinalOf = new Map(root.indices.map(({ uuid }, ordinal) => [uuid, ordinal]));
  /** Shards still looked for, by the ordinal of their index. */
  const wanted = new Map<number, Set<number>>();
  for (const { indexUuid, shard } of shards) {
    const ordinal = ordinalOf.get(indexUuid);
    if (ordinal === undefined) continue;
    const ofIndex = wanted.get(ordinal);
    if (ofIndex === undefined) wanted.set(ordinal, new Set([shard]));
    else ofIndex.add(shard);
  }
  const found = new Map<string, HeldShard>();
  for (const entry of nearestFirst) {
    if (wanted.size === 0) break;
    const dataless = new Set(ordinals(entry.dataless));
    const held = ordinals(entry.indices).filter((ordinal) => wanted.has(ordinal) && !dataless.has(ordinal));
    if (held.length === 0) continue;
    const manifest = await catalogue.readSnapshotManifest(entry.manifest, options);
    const byUuid = new Map(manifest.indices.map((index) => [index.uuid, index]));
    for (const ordinal of held) {
      const { uuid } = root.indices[ordinal];
      const index = byUuid.get(uuid);
      const missing = wanted.get(ordinal) as Set<number>;
      for (const shard of missing) {
        const shardEntry = index?.shards[shard];
        if (index === undefined || shardEntry === undefined || shardEntry === null) continue;
        found.set(shardId(uuid, shard), {
          entry: shardEntry,
          snapshotUuid: entry.uuid,
          clusterUuid: manifest.cluster.uuid,
          shards: index.shards.length,
        });
        missing.delete(shard);
      }
      if (missing.size === 0) wanted.delete(ordinal);
    }
  }
  return found;
}
