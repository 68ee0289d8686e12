/** Objects that no root reaches: of jobs that were cancelled, and of tries that lost (FORMAT.md, "Rolling back"). */
import { type BlobCallOptions, type BlobInfo } from '../../blobs/contract/blob-store';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type ObjectRef, type ShardEntry } from '../../contracts/stored';
import { objectsOf } from '../catalogue/base-rule';
import { type Catalogue, unlessUnreadable } from '../catalogue/catalogue';
import { findSnapshotByUuid, wasCommitted, withRolledBack } from '../catalogue/root';
import { type Root, type RootEntry } from '../format/format';
import { isUuid, snapshotPrefix, SNAPSHOTS_PREFIX, writerOf } from '../format/keys';
import { deleteAll } from '../objects/delete-objects';
import { byFolder, bytesOf, listAll } from '../objects/list-objects';

/** Times the root's manifests are looked up again because snapshots were swept meanwhile. */
const REACH_TRIES = 10;
/** Snapshots that a clean-up rolls back in one commit: fewer than a root remembers. */
const FENCED_AT_ONCE = 500;

export interface DeletedObjects {
  readonly objects: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/**
 * Undoes a snapshot that was not committed: makes sure that it never will be, neither by a zombie nor by a put that is still
 * on its way, then deletes everything under its prefix. Repeating it is harmless.
 *
 * `committed` if it was committed after all, whatever became of it since: then nothing is deleted.
 *
 * @param options.fence false only if no commit of the snapshot was ever begun: leaves the root as it is. @default true
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
 * Deletes what a committed snapshot's job wrote and the snapshot does not refer to: notes, and what tries wrote that were
 * repeated. Only for the time between commit and removal; nothing is deleted of a snapshot that is not in the root. One
 * listing; shard manifests are read only where more objects lie than the snapshot says it added.
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
 * Objects under the snapshot's prefix that its manifests do not name. No other snapshot names them either, since all
 * others took what they share from it.
 */
async function findLeftovers(
  catalogue: Catalogue,
  snapshot: Pick<RootEntry, 'uuid' | 'manifest'>,
  options: BlobCallOptions,
): Promise<BlobInfo[]> {
  const prefix = snapshotPrefix(snapshot.uuid);
  const snapshotManifest = await unlessUnreadable(catalogue.readSnapshotManifest(snapshot.manifest, options));
  if (snapshotManifest === undefined) return []; // removed and swept meanwhile
  const { indices } = snapshotManifest;
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
    // All that is referred to is there; if there is not more than that, it is just that.
    if (held !== undefined && objects.length === held.totals.addedObjects + 1) continue;
    const used = new Set([snapshot.manifest.key]);
    if (held !== undefined) {
      const manifest = await unlessUnreadable(catalogue.readShardManifest(held, options));
      if (manifest === undefined) continue; // a sweep has come so far, and looks after the rest; or it is damaged
      for (const key of objectsOf(held, manifest)) used.add(key);
    }
    leftovers.push(...objects.filter(({ key }) => !used.has(key)));
  }
  return leftovers;
}

export interface CleanupOptions extends BlobCallOptions {
  /** UUIDs of the snapshots that jobs are writing at the moment of the call. Nothing of theirs is an orphan. */
  readonly running: () => Promise<ReadonlySet<string>>;
  /** Count only. */
  readonly dryRun?: boolean;
  readonly onProgress?: () => void;
}

/**
 * Deletes every object under `snapkeep-snapshots/` that neither the root nor a running job reaches. The order makes it safe
 * beside jobs: list, then ask which run, then read the root, then fence. A snapshot that began later is not in the list, one
 * that ended between is in the root, and one that is neither can't be committed any more. Removed snapshots are for sweeps.
 *
 * Takes memory for the names of all objects there are. Throws `repository_corrupt` if a snapshot's manifests can't be read.
 */
export async function cleanupRepository(catalogue: Catalogue, options: CleanupOptions): Promise<DeletedObjects> {
  const { signal, onProgress } = options;
  const listed = await listAll(catalogue.store, SNAPSHOTS_PREFIX, { signal });
  const running = await options.running();
  const reached = await reachedByRoot(catalogue, { signal, onProgress });
  const orphans = listed.filter(({ key }) => !reached.has(key) && !running.has(writerOf(key) ?? ''));
  if (options.dryRun === true) return { objects: orphans.length, bytes: bytesOf(orphans) };
  // Whom the root names nothing of: jobs that ended without a roll-back, whose commit may still be on its way.
  const named = new Set([...reached].map(writerOf));
  const unfenced = new Set(
    orphans.map(({ key }) => writerOf(key) ?? '').filter((uuid) => isUuid(uuid) && !named.has(uuid)),
  );
  const committed = await fence(catalogue, [...unfenced], { signal });
  const unused = orphans.filter(({ key }) => !committed.has(writerOf(key) ?? ''));
  return deleteListed(catalogue, unused, { signal, onProgress });
}

/** Makes sure that none of the snapshots can be committed any more; returns those that were after all. */
async function fence(catalogue: Catalogue, uuids: readonly string[], options: BlobCallOptions): Promise<Set<string>> {
  const committed = new Set<string>();
  for (let from = 0; from < uuids.length; from += FENCED_AT_ONCE) {
    const some = uuids.slice(from, from + FENCED_AT_ONCE);
    const root = await catalogue.commitRoot((before) => withRolledBack(before, some), options);
    for (const uuid of some) if (wasCommitted(root, uuid)) committed.add(uuid);
  }
  return committed;
}

/**
 * Every object that the present root reaches, roots excepted: also those of removed snapshots until they are forgotten,
 * as far as a sweep has left them. Throws `repository_corrupt` if the manifests of a snapshot can't be read.
 */
export async function reachedByRoot(
  catalogue: Catalogue,
  options: BlobCallOptions & { onProgress?: () => void } = {},
): Promise<Set<string>> {
  for (let tries = 1; ; tries++) {
    const root = await catalogue.readRoot(options);
    try {
      return await reachedBy(catalogue, root, options);
    } catch (error) {
      if (!isSnapkeepError(error, 'blob_missing')) throw error;
      // Swept since the root was read, or damage.
      if (tries < REACH_TRIES && (await catalogue.readRoot(options)).generation !== root.generation) continue;
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
  for (const { manifest, sweeping } of [...root.snapshots.map(unswept), ...root.removed]) {
    // What is being swept reaches what is left of it: a sweep deletes what it needs to go on last.
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
