/** Deleting what removed snapshots leave behind (FORMAT.md, "Deleting", steps 3 and 4). */
import { LRUCache } from 'lru-cache';
import { type BlobCallOptions, type BlobInfo } from '../../blobs/contract/blob-store';
import { inLanes } from '../../concurrency/lanes';
import { isSnapkeepError } from '../../contracts/errors';
import { type ShardEntry } from '../../contracts/stored';
import { objectsOf } from '../catalogue/base-rule';
import { type Catalogue, jsonBytes, unlessUnreadable } from '../catalogue/catalogue';
import { type Found, HolderIndex, shardId, type ShardName } from '../catalogue/holders';
import { withoutSwept } from '../catalogue/root';
import { type RemovedEntry, type Root, type SnapshotManifest } from '../format/format';
import { snapshotPrefix, writerOf } from '../format/keys';
import { deleteAll } from '../objects/delete-objects';
import { byFolder, bytesOf, folderOf, listAll } from '../objects/list-objects';

/** Snapshots that are swept with the neighbours of one root, and forgotten in one commit. */
const BATCH = 500;
/** Snapshots of a batch that are swept side by side: at most so many, and so many bytes of their manifests' JSON. */
const LANES = 8;
const LANES_BYTES = 64 * 1024 * 1024;
/** Times the root is read again because a neighbour was swept meanwhile. */
const NEIGHBOUR_TRIES = 10;
/** Keys that were deleted, remembered: snapshots in a row name the same objects over and over. */
const DELETED_KEYS_KEPT = 200_000;

export interface SweepProgress {
  /** Snapshots that are swept and forgotten. */
  readonly snapshots: number;
  readonly objects: number;
  /** Stored bytes. */
  readonly bytes: number;
}

export interface SweepResult extends SweepProgress {
  /** Removed snapshots that are not marked, since jobs build on them or read them. */
  readonly left: number;
  /** Marked snapshots that can't be swept whole before a damaged neighbour of theirs is deleted, too. */
  readonly stuck: number;
}

/**
 * Sweeps and forgets all removed snapshots that are marked for it, whoever marked them: deletes what no other snapshot uses.
 * May end anywhere and be started again, by anybody, also side by side.
 *
 * Takes one root and one commit per 500 snapshots. Per snapshot, one listing and its manifest, the manifests of its
 * neighbours, and the shard manifests in which they differ; its time does not grow with the number of others.
 *
 * A snapshot whose own manifests are damaged is swept as far as its prefix tells. Throws what the store throws.
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

/** Deletes each key once, as far as that can be remembered, and counts. */
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

/** The objects of one shard that a snapshot held: to be deleted in this order. */
interface UnusedOfShard {
  readonly data: readonly Pick<BlobInfo, 'key' | 'length'>[];
  readonly manifest?: Pick<BlobInfo, 'key' | 'length'>;
}

/**
 * The sweep of some snapshots that are all being swept in `root`, so that none of them is a neighbour. The root may be
 * out of date: whom it shows as a user may be one no more, which that one's own sweep makes good; it hides none.
 */
class BatchSweep {
  private index: HolderIndex;
  private renewing: Promise<boolean> | undefined;

  constructor(
    private readonly catalogue: Catalogue,
    root: Root,
    private readonly deletions: Deletions,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.index = new HolderIndex(root);
  }

  /** Whether all is deleted that nothing else uses; if not, what a damaged neighbour may use is still there. */
  async sweep(entry: RemovedEntry): Promise<boolean> {
    const { catalogue, signal } = this;
    const manifest = await unlessUnreadable(catalogue.readSnapshotManifest(entry.manifest, { signal }));
    const listed = byFolder(await listAll(catalogue.store, snapshotPrefix(entry.uuid), { signal }));
    const shards = shardsOf(entry, manifest, listed);
    const unused = new Map<string, UnusedOfShard | undefined>();
    let neighbours = await this.neighbours(entry, [...shards.values()]);
    for (const [id, shard] of shards) {
      for (let tries = 1; ; tries++) {
        const found = await this.unusedOf(shard, neighbours, listed.get(shard.folder) ?? []);
        if (found !== 'missing') unused.set(id, found);
        else if (tries < NEIGHBOUR_TRIES && (await this.renew())) {
          // A neighbour was swept since the root was read: whom it shared with can't be told from here.
          neighbours = await this.neighbours(entry, [...shards.values()]);
          continue;
        } else unused.set(id, undefined);
        break;
      }
    }
    const done = [...unused.values()].filter((one) => one !== undefined);
    await this.deletions.delete([...strays(entry, shards, listed), ...done.flatMap(({ data }) => data)]);
    await this.deletions.delete(done.flatMap((one) => one.manifest ?? []));
    if (done.length < unused.size) return false;
    if (listed.get(folderOf(entry.manifest.key))?.some(({ key }) => key === entry.manifest.key) === true) {
      await this.deletions.delete([entry.manifest]);
    }
    return true;
  }

  private async neighbours(entry: RemovedEntry, shards: readonly SweptShard[]): Promise<readonly Found[]> {
    for (let tries = 1; ; tries++) {
      const { before, after } = await this.index.neighbours(this.catalogue, entry.order, shards, {
        signal: this.signal,
      });
      const missing = before.missing || after.missing;
      if (!missing || tries === NEIGHBOUR_TRIES || !(await this.renew())) return [before, after];
    }
  }

  /** Undefined if a neighbour can't be read, 'missing' if that may be because it was swept. */
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
    // All that is named is used; if no more lies there than that, it is just that.
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

  /** Whether there is a newer root, and the neighbours come from it from now on. */
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

interface SweptShard extends ShardName {
  readonly snapshotUuid: string;
  /** Where the snapshot wrote what it did not share, without a `/` at its end. */
  readonly folder: string;
  /** Unset where the snapshot's manifest can't be read. */
  readonly held?: ShardEntry;
}

/** The shards a snapshot holds; where its manifest can't be read, those that it wrote something of. */
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
    if (shard !== undefined && more.length === 0 && /^\d{1,6}$/.test(shard)) add(indexUuid, Number(shard));
  }
  return shards;
}

/** What lies under the prefix in no shard's folder: notes of the job, and what it wrote of shards that failed. */
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

/** How many of the snapshots are swept side by side. */
function lanesFor(entries: readonly RemovedEntry[]): number {
  const largest = entries.reduce((bytes, { manifest }) => Math.max(bytes, jsonBytes(manifest)), 1);
  return Math.min(LANES, Math.max(1, Math.floor(LANES_BYTES / largest)));
}
