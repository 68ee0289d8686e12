/** Deletes the objects of removed snapshots, then forgets the snapshots (FORMAT.md, "Deleting", steps 3 and 4). */
import { LRUCache } from 'lru-cache';
import { type BlobCallOptions, type BlobInfo } from '../../blobs/contract/blob-store';
import { inLanes } from '../../concurrency/lanes';
import { isSnapkeepError } from '../../contracts/errors';
import { type ShardEntry } from '../../contracts/stored';
import { objectsOf } from '../catalogue/base-rule';
import { type Catalogue, jsonBytes, unlessUnreadable } from '../catalogue/catalogue';
import { type Found, HolderIndex, shardId, type ShardName } from '../catalogue/holders';
import { heldStates, withoutSwept } from '../catalogue/root';
import { type RemovedEntry, type Root, type SnapshotManifest } from '../format/format';
import { snapshotPrefix, writerOf } from '../format/keys';
import { deleteAll } from '../objects/delete-objects';
import { byFolder, bytesOf, folderOf, listAll } from '../objects/list-objects';

/** Snapshots that are swept with the neighbours of one root and forgotten in one commit. */
const BATCH = 500;
/**
 * Limits of the snapshots of a batch that are swept concurrently: their number, and the bytes of their manifests' JSON.
 */
const LANES = 8;
const LANES_BYTES = 64 * 1024 * 1024;
/** Attempts to read the neighbours. Each reads the root again, because a neighbour was swept concurrently. */
const NEIGHBOUR_ATTEMPTS = 10;
/** Deleted keys that are remembered, because consecutive snapshots name the same objects. */
const DELETED_KEYS_KEPT = 200_000;

/** The sum of what a sweep has done so far. */
interface SweepProgress {
  /** Snapshots that were swept and forgotten. */
  readonly snapshots: number;
  readonly objects: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/** The outcome of a sweep. */
export interface SweepResult extends SweepProgress {
  /** Removed snapshots that are not marked, because jobs build on them or read them. */
  readonly left: number;
  /** Marked snapshots that can't be swept completely until a damaged neighbour is deleted, too. */
  readonly stuck: number;
}

/**
 * Sweeps and forgets all marked snapshots: deletes the objects that no other snapshot uses. Can be interrupted
 * anywhere, repeated, and run concurrently, because an object that became unreferenced is never referenced again.
 *
 * Reads one root and makes one commit per 500 snapshots. Per snapshot it lists once and reads its manifest, those of
 * its neighbours, and the shard manifests in which they differ. The time per snapshot does not grow with the number of
 * others.
 *
 * Of a snapshot whose own manifests are damaged, only the objects under its prefix are deleted. Throws what the store
 * throws.
 */
export async function sweepMarked(
  catalogue: Catalogue,
  options: BlobCallOptions & { onProgress?: (done: SweepProgress) => void } = {},
): Promise<SweepResult> {
  const { signal, onProgress } = options;
  const stuck = new Set<string>();
  const deletions = new Deletions(catalogue, signal);
  let snapshots = 0;
  const progress = (): SweepProgress => ({ snapshots, objects: deletions.objects, bytes: deletions.bytes });
  let root = await catalogue.readRoot({ signal });
  for (;;) {
    const batch = root.removed.filter((entry) => entry.sweeping && !stuck.has(entry.uuid)).slice(0, BATCH);
    if (batch.length === 0) {
      const left = root.removed.filter((entry) => !entry.sweeping).length;
      return { ...progress(), left, stuck: stuck.size };
    }
    const sweep = new BatchSweep(catalogue, root, deletions, signal);
    const swept = new Set<string>();
    await inLanes(batch, lanesFor(batch), async (entry) => {
      if (await sweep.sweep(entry)) swept.add(entry.uuid);
      else stuck.add(entry.uuid);
      onProgress?.(progress());
    });
    root = await catalogue.commitRoot((before) => withoutSwept(before, swept), { signal });
    snapshots += swept.size;
    onProgress?.(progress());
  }
}

/** Deletes objects and counts them. Skips keys that it remembers to have deleted. */
class Deletions {
  objects = 0;
  bytes = 0;
  private readonly deleted = new LRUCache<string, true>({ max: DELETED_KEYS_KEPT });

  constructor(
    private readonly catalogue: Catalogue,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async delete(objects: Iterable<Pick<BlobInfo, 'key' | 'length'>>): Promise<void> {
    const fresh = [...objects].filter(({ key }) => !this.deleted.has(key));
    for (const { key } of fresh) this.deleted.set(key, true);
    const onDeleted = (some: readonly Pick<BlobInfo, 'length'>[]): void => {
      this.objects += some.length;
      this.bytes += bytesOf(some);
    };
    await deleteAll(this.catalogue.store, fresh, { signal: this.signal, onDeleted });
  }
}

/** The unused objects of one shard that a snapshot held; they are deleted in this order. */
interface UnusedOfShard {
  readonly data: readonly Pick<BlobInfo, 'key' | 'length'>[];
  readonly manifest?: Pick<BlobInfo, 'key' | 'length'>;
}

/**
 * Sweeps some snapshots that are all `sweeping` in `root`, so that none of them is a neighbour. The root may be out of
 * date. Then it may show a user that was removed since, whose own sweep deletes the object; it never hides a user.
 */
class BatchSweep {
  private index: HolderIndex;
  private renewing: Promise<boolean> | undefined;
  /** Keys of the global states in use. One that is not among them never will be again. */
  private readonly states: ReadonlySet<string>;

  constructor(
    private readonly catalogue: Catalogue,
    root: Root,
    private readonly deletions: Deletions,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.index = new HolderIndex(root);
    this.states = heldStates(root);
  }

  /**
   * Sweeps one snapshot. Returns whether all its unused objects are deleted; if not, those that a damaged neighbour may
   * use are left.
   */
  async sweep(entry: RemovedEntry): Promise<boolean> {
    const { catalogue, signal } = this;
    const manifest = await unlessUnreadable(catalogue.readSnapshotManifest(entry.manifest, { signal }));
    const listed = byFolder(await listAll(catalogue.store, snapshotPrefix(entry.uuid), { signal }));
    const shards = shardsOf(entry, manifest, listed);
    const unused = new Map<string, UnusedOfShard | undefined>();
    let neighbours = await this.neighbours(entry, [...shards.values()]);
    for (const [id, shard] of shards) {
      for (let attempt = 1; ; attempt++) {
        const found = await this.unusedOf(shard, neighbours, listed.get(shard.folder) ?? []);
        if (found !== 'missing') unused.set(id, found);
        else if (attempt < NEIGHBOUR_ATTEMPTS && (await this.renew())) {
          // A neighbour was swept since the root was read: its own neighbours are in the newer root only.
          neighbours = await this.neighbours(entry, [...shards.values()]);
          continue;
        } else unused.set(id, undefined);
        break;
      }
    }
    const done = [...unused.values()].filter((one) => one !== undefined);
    const others = [...stateOf(entry, manifest), ...strays(entry, shards, listed)].filter(
      ({ key }) => !this.states.has(key),
    );
    await this.deletions.delete([...others, ...done.flatMap(({ data }) => data)]);
    await this.deletions.delete(done.flatMap((one) => one.manifest ?? []));
    if (done.length < unused.size) return false;
    if (listed.get(folderOf(entry.manifest.key))?.some(({ key }) => key === entry.manifest.key) === true) {
      await this.deletions.delete([entry.manifest]);
    }
    return true;
  }

  private async neighbours(entry: RemovedEntry, shards: readonly SweptShard[]): Promise<readonly Found[]> {
    for (let attempt = 1; ; attempt++) {
      const { before, after } = await this.index.neighbours(this.catalogue, entry.order, shards, {
        signal: this.signal,
      });
      const missing = before.missing || after.missing;
      if (!missing || attempt === NEIGHBOUR_ATTEMPTS || !(await this.renew())) return [before, after];
    }
  }

  /**
   * Finds the shard's unused objects. Returns undefined if a neighbour is unreadable, 'missing' if it may have been
   * swept.
   */
  private async unusedOf(
    { indexUuid, shard, held, snapshotUuid }: SweptShard,
    neighbours: readonly Found[],
    listed: readonly BlobInfo[],
  ): Promise<UnusedOfShard | undefined | 'missing'> {
    const { catalogue, signal } = this;
    const id = shardId(indexUuid, shard);
    if (neighbours.some((side) => side.unreadable.has(id))) return undefined;
    const users = neighbours.flatMap((side) => side.held.get(id)?.entry ?? []);
    const isShared = held !== undefined && users.some((user) => user.manifest.key === held.manifest.key);
    const isOwn = held !== undefined && writerOf(held.manifest.key) === snapshotUuid;
    // A shared manifest names used objects only. If no others lie in the folder, none is unused.
    if (isShared && listed.length === (isOwn ? held.totals.addedObjects + 1 : 0)) return { data: [] };
    const used = new Set<string>();
    try {
      for (const user of users) {
        for (const key of objectsOf(user, await catalogue.readShardManifest(user, { signal }))) used.add(key);
      }
    } catch (error) {
      if (isSnapkeepError(error, 'blob_missing')) return 'missing';
      if (isSnapkeepError(error, 'repository_corrupt')) return undefined;
      throw error;
    }
    const own =
      held === undefined || isShared
        ? undefined
        : await unlessUnreadable(catalogue.readShardManifest(held, { signal }));
    const data = new Map<string, Pick<BlobInfo, 'key' | 'length'>>();
    for (const one of [...(own?.segments ?? []).flatMap(({ objects }) => objects), ...listed]) {
      if (!used.has(one.key) && one.key !== held?.manifest.key) data.set(one.key, one);
    }
    const hasManifest = isOwn ? listed.some(({ key }) => key === held.manifest.key) : own !== undefined;
    const manifest = hasManifest && !used.has(held!.manifest.key) ? held!.manifest : undefined;
    return { data: [...data.values()], manifest };
  }

  /** Reads the root again and takes neighbours from it. Returns whether it is newer. */
  private renew(): Promise<boolean> {
    this.renewing ??= (async () => {
      const root = await this.catalogue.readRoot({ signal: this.signal });
      if (root.generation === this.index.root.generation) return false;
      this.index = new HolderIndex(root);
      return true;
    })().finally(() => {
      this.renewing = undefined;
    });
    return this.renewing;
  }
}

/** A shard that the swept snapshot holds. */
interface SweptShard extends ShardName {
  readonly snapshotUuid: string;
  /** Folder of the objects that the snapshot wrote, without a `/` at its end. */
  readonly folder: string;
  /** Unset if the snapshot's manifest can't be read. */
  readonly held?: ShardEntry;
}

/** Returns the shards that a snapshot holds; if its manifest can't be read, those of which it wrote objects. */
function shardsOf(
  entry: RemovedEntry,
  manifest: SnapshotManifest | undefined,
  listed: ReadonlyMap<string, readonly BlobInfo[]>,
): Map<string, SweptShard> {
  const prefix = snapshotPrefix(entry.uuid);
  const shards = new Map<string, SweptShard>();
  const add = (indexUuid: string, shard: number, held?: ShardEntry): void => {
    const folder = `${prefix}${indexUuid}/${shard}`;
    shards.set(shardId(indexUuid, shard), { indexUuid, shard, folder, snapshotUuid: entry.uuid, held });
  };
  for (const index of manifest?.indices ?? []) {
    for (const [shard, held] of index.shards.entries()) if (held !== null) add(index.uuid, shard, held);
  }
  if (manifest !== undefined) return shards;
  for (const folder of listed.keys()) {
    const [indexUuid, shard, ...more] = folder.slice(prefix.length).split('/');
    if (indexUuid === undefined || shard === undefined || more.length > 0) continue;
    if (/^\d{1,6}$/.test(shard)) add(indexUuid, Number(shard));
  }
  return shards;
}

/** Returns the snapshot's global state, which may lie under the prefix of another snapshot. */
function stateOf(
  { globalState: key }: RemovedEntry,
  manifest: SnapshotManifest | undefined,
): Pick<BlobInfo, 'key' | 'length'>[] {
  return key === undefined ? [] : [manifest?.globalState ?? { key, length: 0 }];
}

/** Returns the objects under the prefix that lie in no shard's folder: job notes, and objects of failed shards. */
function strays(
  entry: RemovedEntry,
  shards: ReadonlyMap<string, SweptShard>,
  listed: ReadonlyMap<string, readonly BlobInfo[]>,
): BlobInfo[] {
  const folders = new Set([...shards.values()].map(({ folder }) => folder));
  return [...listed]
    .filter(([folder]) => !folders.has(folder))
    .flatMap(([, objects]) => objects.filter(({ key }) => key !== entry.manifest.key));
}

/** Returns how many of the snapshots are swept concurrently. */
function lanesFor(entries: readonly RemovedEntry[]): number {
  const largest = entries.reduce((bytes, { manifest }) => Math.max(bytes, jsonBytes(manifest)), 1);
  return Math.min(LANES, Math.max(1, Math.floor(LANES_BYTES / largest)));
}
