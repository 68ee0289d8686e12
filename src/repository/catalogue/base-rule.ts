/** Finds what a new snapshot may build on, and checks the base rule at commit (FORMAT.md, "The base rule"). */
import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { SnapkeepError } from '../../contracts/errors';
import { type ShardEntry } from '../../contracts/stored';
import { type Root, type RootEntry, segmentObjects, type ShardManifest, type SnapshotManifest } from '../format/format';
import { writerOf } from '../format/keys';
import { type Catalogue, unlessUnreadable } from './catalogue';
import { type HeldShards, newestHolders, shardId, type ShardName } from './holders';
import { findSnapshotByUuid, heldStates } from './root';

/** Attempts to find the bases. Each reads the root again, because snapshots were swept after it was read. */
const ROOT_ATTEMPTS = 10;

/**
 * Returns the bases of a new snapshot: for each shard, what the newest snapshot that holds the shard has of it. Removed
 * snapshots count until they are marked for sweeping. Reads the manifests of the snapshots found, usually one.
 *
 * If the newest snapshot that may hold a shard can't be read, the shard has no base, because it is unknown which
 * objects that snapshot uses. If that snapshot was swept since `root` was read, looks in the present root.
 */
export async function findBases(
  catalogue: Catalogue,
  root: Root,
  shards: Iterable<ShardName>,
  options: BlobCallOptions = {},
): Promise<HeldShards> {
  const wanted = [...shards];
  for (let attempt = 1; ; attempt++) {
    const found = await newestHolders(catalogue, root, wanted, options);
    if (!found.missing || attempt === ROOT_ATTEMPTS) return found.held;
    const present = await catalogue.readRoot(options);
    if (present.generation === root.generation) return found.held;
    root = present;
  }
}

/** Returns the keys of all objects that a shard entry refers to: the data objects of its manifest, and the manifest. */
export function objectsOf(entry: ShardEntry, manifest: ShardManifest): string[] {
  return [...manifest.segments.flatMap((segment) => segmentObjects(segment).map(({ key }) => key)), entry.manifest.key];
}

/**
 * Checks the base rule. Throws `base_changed`, with the shards in `details.shards`, unless every object that the
 * snapshot refers to and did not write itself is used by the newest snapshot in `root` that holds the same shard.
 *
 * If snapshots were swept since `root` was current, this may throw without need: only a refusal for the present root
 * counts.
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
  if (sharing.size === 0) return;
  const names = [...sharing.values()].map(({ name }) => name);
  const bases = await newestHolders(catalogue, root, names, options);
  const changed: string[] = [];
  for (const [id, { entry, label }] of sharing) {
    const base = bases.held.get(id)?.entry;
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

/** Throws `base_changed` unless the snapshot wrote its global state itself, or another one that is kept has it too. */
export function checkStateRule(root: Root, { snapshot, uuid, globalState }: SnapshotManifest): void {
  if (globalState === undefined || writerOf(globalState.key) === uuid || heldStates(root).has(globalState.key)) return;
  throw new SnapkeepError(
    'base_changed',
    `the global state that snapshot [${snapshot}] shares is being swept: it has to be stored again`,
    { details: { shards: [] } },
  );
}

/** Throws `illegal_argument_exception` unless every shard of the clone has the same shard manifest as in its source. */
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

/** Returns the earlier manifest whose objects the entry uses; undefined if the snapshot wrote all of them itself. */
function sharedManifest(entry: ShardEntry, snapshotUuid: string): string | undefined {
  return writerOf(entry.manifest.key) === snapshotUuid ? entry.base : entry.manifest.key;
}

/** Returns whether all objects that the entry uses are used by `base` too, or were written by the snapshot itself. */
async function sharesOnly(
  catalogue: Catalogue,
  entry: ShardEntry,
  snapshotUuid: string,
  base: ShardEntry,
  options: BlobCallOptions,
): Promise<boolean> {
  const shared = await unlessUnreadable(catalogue.readShardManifest(base, options));
  // A manifest that is shared unchanged belongs to an earlier snapshot, which may be swept.
  const reading = catalogue.readShardManifest(entry, options);
  const own = await (writerOf(entry.manifest.key) === snapshotUuid ? reading : unlessUnreadable(reading));
  if (shared === undefined || own === undefined) return false; // what they use is unknown
  const allowed = new Set(objectsOf(base, shared));
  return objectsOf(entry, own).every((key) => writerOf(key) === snapshotUuid || allowed.has(key));
}
