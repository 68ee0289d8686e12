/** Objects that no root reaches: of jobs that were cancelled, and of tries that lost (FORMAT.md, "Rolling back"). */
import { BlobCallOptions, BlobInfo } from '../blobs/blob-store';
import { isSnapkeepError } from '../contracts/errors';
import { objectsOf } from './base-rule';
import { Catalogue, unlessMissing } from './catalogue';
import { Root, RootEntry, ShardEntry } from './format';
import { SNAPSHOTS_PREFIX, snapshotPrefix, writerOf } from './keys';
import { findSnapshotByUuid, withRolledBack } from './root';

/** Keys that one delete call names. */
const BATCH = 1000;
/** Times the root's manifests are looked up again because snapshots were removed and swept meanwhile. */
const REACH_TRIES = 10;

export interface DeletedObjects {
  readonly objects: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/**
 * Undoes a snapshot that was not committed: makes sure that it never will be, not even by a zombie, then deletes everything
 * under its prefix. `committed` if it was committed after all: then nothing is deleted. Repeating it is harmless.
 *
 * @param options.neverTried only if no commit of the snapshot was ever begun: spares a commit of the root.
 */
export async function rollbackSnapshot(
  catalogue: Catalogue,
  uuid: string,
  options: BlobCallOptions & { neverTried?: boolean } = {},
): Promise<DeletedObjects & { committed: boolean }> {
  const { neverTried = false, signal } = options;
  const root = neverTried
    ? await catalogue.readRoot({ signal })
    : await catalogue.commitRoot((before) => withRolledBack(before, uuid), { signal });
  if (findSnapshotByUuid(root, uuid) !== undefined) return { committed: true, objects: 0, bytes: 0 };
  const written = await listAll(catalogue, snapshotPrefix(uuid), { signal });
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
 * What {@link deleteLeftovers} deletes, also for a snapshot that was removed and is not swept: objects under its prefix that
 * its manifests do not name. No other snapshot names them either, since all others took what they share from it.
 */
export async function findLeftovers(
  catalogue: Catalogue,
  snapshot: Pick<RootEntry, 'uuid' | 'manifest'>,
  options: BlobCallOptions = {},
): Promise<BlobInfo[]> {
  const prefix = snapshotPrefix(snapshot.uuid);
  const snapshotManifest = await unlessMissing(catalogue.readSnapshotManifest(snapshot.manifest, options));
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
  for (const [folder, objects] of byFolder(await listAll(catalogue, prefix, options))) {
    const held = own.get(folder);
    // All that is referred to is there; if there is not more than that, it is just that.
    if (held !== undefined && objects.length === held.totals.addedObjects + 1) continue;
    const used = new Set([snapshot.manifest.key]);
    if (held !== undefined) {
      const manifest = await unlessMissing(catalogue.readShardManifest(held, options));
      if (manifest === undefined) continue; // a sweep has come so far: leftovers were gone before it began
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
 * Deletes every object under `snapkeep-snapshots/` that neither the root nor a running job reaches. The order makes it safe beside
 * jobs: list, then ask which run, then read the root; a snapshot that began later is not in the list, one that ended
 * between is in the root. Snapshots that were removed and are not swept yet are swept with it.
 *
 * Takes memory for the names of all objects there are.
 */
export async function cleanupRepository(catalogue: Catalogue, options: CleanupOptions): Promise<DeletedObjects> {
  const { signal, onProgress } = options;
  const listed = await listAll(catalogue, SNAPSHOTS_PREFIX, { signal });
  const running = await options.running();
  const reached = await reachedByRoot(catalogue, { signal, onProgress });
  const orphans = listed.filter(({ key }) => !reached.has(key) && !running.has(writerOf(key) ?? ''));
  if (options.dryRun === true) return { objects: orphans.length, bytes: bytesOf(orphans) };
  return deleteListed(catalogue, orphans, { signal, onProgress });
}

/** Every object that the present root reaches, roots excepted. */
export async function reachedByRoot(
  catalogue: Catalogue,
  options: BlobCallOptions & { onProgress?: () => void } = {},
): Promise<Set<string>> {
  for (let tries = 1; ; tries++) {
    const root = await catalogue.readRoot(options);
    try {
      return await reachedBy(catalogue, root, options);
    } catch (error) {
      if (!isSnapkeepError(error, 'blob_missing') || tries === REACH_TRIES) throw error;
      if ((await catalogue.readRoot(options)).generation === root.generation) throw error;
    }
  }
}

async function reachedBy(
  catalogue: Catalogue,
  root: Root,
  options: BlobCallOptions & { onProgress?: () => void },
): Promise<Set<string>> {
  const reached = new Set<string>();
  for (const { manifest } of root.snapshots) {
    reached.add(manifest.key);
    const { indices } = await catalogue.readSnapshotManifest(manifest, options);
    for (const entry of indices.flatMap((index) => index.shards)) {
      if (entry === null || reached.has(entry.manifest.key)) continue; // shared: followed before
      for (const key of objectsOf(entry, await catalogue.readShardManifest(entry, options))) reached.add(key);
    }
    options.onProgress?.();
  }
  return reached;
}

async function listAll(catalogue: Catalogue, prefix: string, { signal }: BlobCallOptions): Promise<BlobInfo[]> {
  const objects: BlobInfo[] = [];
  for await (const info of catalogue.store.list(prefix, { signal })) objects.push(info);
  return objects;
}

async function deleteListed(
  catalogue: Catalogue,
  objects: readonly BlobInfo[],
  options: BlobCallOptions & { onProgress?: () => void },
): Promise<DeletedObjects> {
  for (let from = 0; from < objects.length; from += BATCH) {
    const keys = objects.slice(from, from + BATCH).map(({ key }) => key);
    await catalogue.store.delete(keys, { signal: options.signal });
    options.onProgress?.();
  }
  return { objects: objects.length, bytes: bytesOf(objects) };
}

function byFolder(objects: readonly BlobInfo[]): Map<string, BlobInfo[]> {
  const folders = new Map<string, BlobInfo[]>();
  for (const info of objects) {
    const folder = info.key.slice(0, info.key.lastIndexOf('/'));
    const rest = folders.get(folder);
    if (rest === undefined) folders.set(folder, [info]);
    else rest.push(info);
  }
  return folders;
}

function bytesOf(objects: readonly BlobInfo[]): number {
  return objects.reduce((sum, { length }) => sum + length, 0);
}
