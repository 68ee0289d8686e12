/** Deletes objects that no root reaches: of cancelled jobs, and of superseded attempts (FORMAT.md, "Rolling back"). */
import { type BlobCallOptions, type BlobInfo } from '../../blobs/contract/blob-store';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type ObjectRef, type ShardEntry } from '../../contracts/stored';
import { objectsOf } from '../catalogue/base-rule';
import { type Catalogue, unlessUnreadable } from '../catalogue/catalogue';
import { builtNow, findSnapshotByUuid, heldStates, wasCommitted, withRolledBack } from '../catalogue/root';
import { type Root, type RootEntry } from '../format/format';
import { isUuid, snapshotPrefix, SNAPSHOTS_PREFIX, writerOf } from '../format/keys';
import { deleteAll } from '../objects/delete-objects';
import { byFolder, bytesOf, listAll } from '../objects/list-objects';

/** Attempts to read all manifests of a root. Each starts again, because snapshots were swept concurrently. */
const REACH_ATTEMPTS = 10;
/** Snapshots that a clean-up rolls back in one commit: fewer than `rolledBack` of a root holds. */
const FENCED_AT_ONCE = 500;

/** A sum over deleted objects. */
interface DeletedObjects {
  readonly objects: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/**
 * Rolls back a snapshot that was not committed. First makes sure that it never will be, neither by a zombie nor by a
 * delayed put; then deletes all objects under its prefix. Can be repeated.
 *
 * Returns `committed` if the snapshot was committed after all, even if it was deleted since: then nothing is deleted.
 *
 * @param options.fence false only if no commit of the snapshot was ever started: the root is not changed. @default true
 */
export async function rollbackSnapshot(
  catalogue: Catalogue,
  uuid: string,
  { fence = true, signal }: BlobCallOptions & { fence?: boolean } = {},
): Promise<DeletedObjects & { committed: boolean }> {
  const root = fence
    ? await catalogue.commitRoot((before) => withRolledBack(before, [uuid]), { signal })
    : await catalogue.readRoot({ signal });
  if (wasCommitted(root, uuid)) return { committed: true, objects: 0, bytes: 0 };
  const written = await listAll(catalogue.store, snapshotPrefix(uuid), { signal });
  return { committed: false, ...(await deleteListed(catalogue, written, { signal })) };
}

/**
 * Deletes objects that a committed snapshot's job wrote and the snapshot does not refer to: job notes, and objects of
 * superseded attempts. Deletes nothing of a snapshot that the root does not list. Lists once; reads the manifest of a
 * shard only if more objects lie in its folder than the snapshot added.
 */
export async function deleteLeftovers(
  catalogue: Catalogue,
  uuid: string,
  options: BlobCallOptions = {},
): Promise<DeletedObjects> {
  const entry = findSnapshotByUuid(await catalogue.readRoot(options), uuid);
  if (entry === undefined) return { objects: 0, bytes: 0 };
  return deleteListed(catalogue, await findLeftovers(catalogue, entry, options), options);
}

/**
 * Finds the objects under the snapshot's prefix that its manifests do not name. No other snapshot names them either,
 * because other snapshots took what they share from this one's manifests.
 */
async function findLeftovers(
  catalogue: Catalogue,
  snapshot: Pick<RootEntry, 'uuid' | 'manifest'>,
  options: BlobCallOptions,
): Promise<BlobInfo[]> {
  const prefix = snapshotPrefix(snapshot.uuid);
  const snapshotManifest = await unlessUnreadable(catalogue.readSnapshotManifest(snapshot.manifest, options));
  if (snapshotManifest === undefined) return []; // removed and swept concurrently
  const { indices, globalState } = snapshotManifest;
  const own = new Map<string, ShardEntry>();
  for (const index of indices) {
    for (const [shard, held] of index.shards.entries()) {
      if (held !== null && writerOf(held.manifest.key) === snapshot.uuid) {
        own.set(`${prefix}${index.uuid}/${shard}`, held);
      }
    }
  }
  const leftovers: BlobInfo[] = [];
  for (const [folder, objects] of byFolder(await listAll(catalogue.store, prefix, options))) {
    const held = own.get(folder);
    // All objects that are referred to exist. If the number is equal, there are no others.
    if (held !== undefined && objects.length === held.totals.addedObjects + 1) continue;
    const used = new Set([snapshot.manifest.key, globalState?.key]);
    if (held !== undefined) {
      const manifest = await unlessUnreadable(catalogue.readShardManifest(held, options));
      if (manifest === undefined) continue; // being swept, and the sweep deletes the rest; or damaged
      for (const key of objectsOf(held, manifest)) used.add(key);
    }
    leftovers.push(...objects.filter(({ key }) => !used.has(key)));
  }
  return leftovers;
}

/** Options of {@link cleanupRepository}. */
interface CleanupOptions extends BlobCallOptions {
  /**
   * Returns the UUIDs of the snapshots that jobs are writing at the moment of the call. Their objects are no orphans.
   */
  readonly running: () => Promise<ReadonlySet<string>>;
  /** The time at which entries of `building` still have to count, ms since the epoch. @default now */
  readonly nowMillis?: number;
  readonly onProgress?: () => void;
}

/**
 * Deletes every object under `snapkeep-snapshots/` that neither the root nor a running job reaches. Spares what
 * snapshots wrote that other installations list in `building`. Removed snapshots are left to sweeps.
 *
 * The order makes it safe while jobs run: list, then ask which jobs run, then read the root, then fence. A snapshot
 * that began later is not in the list. One that ended in between is in the root. One that is neither can't be committed
 * any more.
 *
 * Takes memory for the keys of all objects. Throws `repository_corrupt` if a snapshot's manifests can't be read.
 */
export async function cleanupRepository(catalogue: Catalogue, options: CleanupOptions): Promise<DeletedObjects> {
  const { signal, onProgress, nowMillis = Date.now() } = options;
  const listed = await listAll(catalogue.store, SNAPSHOTS_PREFIX, { signal });
  const running = await options.running();
  const reached = await reachedByRoot(catalogue, { signal, onProgress });
  const orphans = listed.filter(({ key }) => !reached.has(key) && !running.has(writerOf(key) ?? ''));
  // Snapshots of which the root names nothing: their jobs ended without a roll-back, and a commit may still arrive.
  const named = new Set([...reached].map(writerOf));
  const unfenced = new Set(
    orphans.map(({ key }) => writerOf(key) ?? '').filter((uuid) => isUuid(uuid) && !named.has(uuid)),
  );
  const spared = await fence(catalogue, [...unfenced], { signal, nowMillis });
  const unused = orphans.filter(({ key }) => !spared.has(writerOf(key) ?? ''));
  return deleteListed(catalogue, unused, { signal, onProgress });
}

/**
 * Makes sure that none of the snapshots can be committed any more. Returns the exceptions: those that were committed
 * already, and those that an installation is building.
 */
async function fence(
  catalogue: Catalogue,
  uuids: readonly string[],
  { signal, nowMillis }: BlobCallOptions & { nowMillis: number },
): Promise<Set<string>> {
  const spared = new Set<string>();
  for (let from = 0; from < uuids.length; from += FENCED_AT_ONCE) {
    const some = uuids.slice(from, from + FENCED_AT_ONCE);
    const root = await catalogue.commitRoot(
      (before) => {
        const building = new Set(builtNow(before, nowMillis).map(({ uuid }) => uuid));
        return withRolledBack(
          before,
          some.filter((uuid) => !building.has(uuid)),
        );
      },
      { signal },
    );
    for (const uuid of some) if (!root.rolledBack.includes(uuid)) spared.add(uuid);
  }
  return spared;
}

/**
 * Returns the keys of all objects that the present root reaches, except roots. Includes the objects of removed
 * snapshots that a sweep has not deleted yet. Throws `repository_corrupt` if the manifests of a snapshot can't be read.
 */
export async function reachedByRoot(
  catalogue: Catalogue,
  options: BlobCallOptions & { onProgress?: () => void } = {},
): Promise<Set<string>> {
  for (let attempt = 1; ; attempt++) {
    const root = await catalogue.readRoot(options);
    try {
      return await reachedBy(catalogue, root, options);
    } catch (error) {
      if (!isSnapkeepError(error, 'blob_missing')) throw error;
      // Swept since the root was read, or damaged.
      if (attempt < REACH_ATTEMPTS && (await catalogue.readRoot(options)).generation !== root.generation) continue;
      throw new SnapkeepError(
        'repository_corrupt',
        `a snapshot in [${catalogue.store.description}] can't be read; delete that snapshot first: ${error.message}`,
        { cause: error },
      );
    }
  }
}

async function reachedBy(
  catalogue: Catalogue,
  root: Root,
  options: BlobCallOptions & { onProgress?: () => void },
): Promise<Set<string>> {
  const reached = new Set<string>();
  for (const key of heldStates(root)) reached.add(key);
  for (const { manifest, sweeping } of [...root.snapshots.map(unswept), ...root.removed]) {
    // A snapshot that is being swept reaches what is left of it: a sweep deletes last what it needs to be resumed.
    const read = <T>(reading: Promise<T>): Promise<T | undefined> => (sweeping ? unlessUnreadable(reading) : reading);
    reached.add(manifest.key);
    const snapshot = await read(catalogue.readSnapshotManifest(manifest, options));
    for (const entry of snapshot?.indices.flatMap((index) => index.shards) ?? []) {
      if (entry === null || reached.has(entry.manifest.key)) continue; // shared: followed before
      const shard = await read(catalogue.readShardManifest(entry, options));
      if (shard !== undefined) for (const key of objectsOf(entry, shard)) reached.add(key);
    }
    options.onProgress?.();
  }
  return reached;
}

function unswept({ manifest }: RootEntry): { manifest: ObjectRef; sweeping: boolean } {
  return { manifest, sweeping: false };
}

async function deleteListed(
  catalogue: Catalogue,
  objects: readonly BlobInfo[],
  options: BlobCallOptions & { onProgress?: () => void },
): Promise<DeletedObjects> {
  await deleteAll(catalogue.store, objects, { signal: options.signal, onDeleted: () => options.onProgress?.() });
  return { objects: objects.length, bytes: bytesOf(objects) };
}
