/** Finds the snapshots that hold a shard, and what they have of it (FORMAT.md, "The base rule"). */
import { type BlobCallOptions } from '../../blobs/contract/blob-store';
import { isSnapkeepError } from '../../contracts/errors';
import { type ShardEntry } from '../../contracts/stored';
import { type Root, type RootEntry, type SnapshotManifest } from '../format/format';
import { type Catalogue } from './catalogue';
import { eachOrdinal, ordinals } from './root';

/** Identifies a shard across snapshots: uuid of its index, and number. */
export interface ShardName {
  readonly indexUuid: string;
  readonly shard: number;
}

/** A shard as a snapshot holds it, with the facts by which it is compared with the cluster. */
export interface HeldShard {
  readonly entry: ShardEntry;
  readonly snapshotUuid: string;
  readonly clusterUuid: string;
  /** Number of shards of the index. */
  readonly shards: number;
}

/** Shards by {@link shardId}. */
export type HeldShards = ReadonlyMap<string, HeldShard>;

/** Returns the key of a shard in {@link HeldShards}. */
export function shardId(indexUuid: string, shard: number): string {
  return `${indexUuid}/${shard}`;
}

/** A snapshot that counts as a user of its objects: committed, or removed and not being swept. */
type Holder = Pick<RootEntry, 'snapshot' | 'uuid' | 'order' | 'indices' | 'dataless' | 'manifest'>;

/** Returns all holders, ascending by order; a clone follows its source. */
function holdersOf(root: Root): Holder[] {
  const removed = root.removed.filter((entry) => !entry.sweeping);
  if (removed.length === 0) return [...root.snapshots];
  return [...root.snapshots, ...removed].sort((a, b) => a.order - b.order);
}

/** The result of a search for the holders of shards. */
export class Found {
  readonly held = new Map<string, HeldShard>();
  /** Shards whose nearest holder is unknown, because a snapshot that may hold them can't be read. */
  readonly unreadable = new Set<string>();
  /** True if a manifest was missing: by damage, or because its snapshot was swept since the root was read. */
  missing = false;
}

/** The shards that are still searched for, by the ordinal of their index. */
class Wanted {
  readonly byOrdinal = new Map<number, Set<number>>();

  constructor(
    private readonly root: Root,
    ordinalOf: ReadonlyMap<string, number>,
    shards: Iterable<ShardName>,
  ) {
    for (const { indexUuid, shard } of shards) {
      const ordinal = ordinalOf.get(indexUuid);
      if (ordinal === undefined) continue; // an index that no snapshot names
      const ofIndex = this.byOrdinal.get(ordinal);
      if (ofIndex === undefined) this.byOrdinal.set(ordinal, new Set([shard]));
      else ofIndex.add(shard);
    }
  }

  /** Moves to `found` what the holder has of the indices; the other shards stay wanted. */
  async take(
    catalogue: Catalogue,
    holder: Holder,
    held: Iterable<number>,
    found: Found,
    options: BlobCallOptions,
  ): Promise<void> {
    const manifest = await readable(catalogue, holder, found, options);
    const byUuid = new Map(manifest?.indices.map((index) => [index.uuid, index]));
    for (const ordinal of held) {
      const { uuid } = this.root.indices[ordinal]!;
      const index = byUuid.get(uuid);
      const missing = this.byOrdinal.get(ordinal)!;
      for (const shard of missing) {
        const id = shardId(uuid, shard);
        const entry = index?.shards[shard];
        if (manifest === undefined) found.unreadable.add(id);
        else if (index === undefined || entry === undefined || entry === null) continue;
        else {
          const { length: shards } = index.shards;
          found.held.set(id, { entry, snapshotUuid: holder.uuid, clusterUuid: manifest.cluster.uuid, shards });
        }
        missing.delete(shard);
      }
      if (missing.size === 0) this.byOrdinal.delete(ordinal);
    }
  }
}

async function readable(
  catalogue: Catalogue,
  holder: Holder,
  found: Found,
  options: BlobCallOptions,
): Promise<SnapshotManifest | undefined> {
  try {
    return await catalogue.readSnapshotManifest(holder.manifest, options);
  } catch (error) {
    if (isSnapkeepError(error, 'blob_missing')) found.missing = true;
    else if (!isSnapkeepError(error, 'repository_corrupt')) throw error;
    return undefined;
  }
}

/** Maps the UUIDs of the root's indices to their ordinals. */
function ordinalsByUuid(root: Root): Map<string, number> {
  return new Map(root.indices.map(({ uuid }, ordinal) => [uuid, ordinal]));
}

/**
 * Finds, for each shard, what the newest snapshot that holds it has of it. Reads manifests from the newest snapshot
 * down until all shards are found; usually one.
 */
export async function newestHolders(
  catalogue: Catalogue,
  root: Root,
  shards: Iterable<ShardName>,
  options: BlobCallOptions = {},
): Promise<Found> {
  const found = new Found();
  const wanted = new Wanted(root, ordinalsByUuid(root), shards);
  const newestFirst = holdersOf(root).reverse();
  for (const holder of newestFirst) {
    if (wanted.byOrdinal.size === 0) break;
    const dataless = new Set(ordinals(holder.dataless));
    const held = ordinals(holder.indices).filter((i) => wanted.byOrdinal.has(i) && !dataless.has(i));
    if (held.length > 0) await wanted.take(catalogue, holder, held, found, options);
  }
  return found;
}

/**
 * Looks up the neighbours of many snapshots in one root. Built in one pass over the root; small if consecutive
 * snapshots hold the same indices.
 */
export class HolderIndex {
  private readonly holders: readonly Holder[];
  private readonly ordinalOf: ReadonlyMap<string, number>;
  /** By ordinal: positions of the index's holders, ascending, as flat half-open ranges: from, to, from, to, … */
  private readonly ranges: number[][];

  constructor(readonly root: Root) {
    this.holders = holdersOf(root);
    this.ordinalOf = ordinalsByUuid(root);
    this.ranges = root.indices.map(() => []);
    for (const [at, { indices, dataless }] of this.holders.entries()) {
      const without = dataless === '' ? undefined : new Set(ordinals(dataless));
      eachOrdinal(indices, (ordinal) => {
        const ranges = this.ranges[ordinal];
        if (ranges === undefined || without?.has(ordinal) === true) return;
        if (ranges.at(-1) === at) ranges[ranges.length - 1] = at + 1;
        else ranges.push(at, at + 1);
      });
    }
  }

  /**
   * Finds the nearest snapshots on both sides of `order` that hold the shards: `before` with an order not above,
   * `after` with one not below. A snapshot's clones count on both sides. Reads the manifests of the snapshots found.
   */
  async neighbours(
    catalogue: Catalogue,
    order: number,
    shards: readonly ShardName[],
    options: BlobCallOptions = {},
  ): Promise<{ before: Found; after: Found }> {
    const end = this.firstAbove(order);
    const start = this.firstAbove(order - 1);
    return {
      before: await this.nearest(catalogue, shards, (ranges) => downFrom(ranges, end - 1), options),
      after: await this.nearest(catalogue, shards, (ranges) => upFrom(ranges, start), options),
    };
  }

  private async nearest(
    catalogue: Catalogue,
    shards: readonly ShardName[],
    positions: (ranges: readonly number[]) => Iterator<number>,
    options: BlobCallOptions,
  ): Promise<Found> {
    const found = new Found();
    const wanted = new Wanted(this.root, this.ordinalOf, shards);
    const looking = new Map([...wanted.byOrdinal.keys()].map((ordinal) => [ordinal, positions(this.ranges[ordinal]!)]));
    // A snapshot that holds an index need not hold the shard: the next one is read then.
    while (looking.size > 0) {
      const next = new Map<number, number[]>();
      for (const [ordinal, candidates] of looking) {
        const { done, value: at } = candidates.next();
        if (done === true || !wanted.byOrdinal.has(ordinal)) looking.delete(ordinal);
        else if (next.get(at)?.push(ordinal) === undefined) next.set(at, [ordinal]);
      }
      for (const [at, held] of next) await wanted.take(catalogue, this.holders[at]!, held, found, options);
    }
    return found;
  }

  /** Returns the position of the first holder whose order is above `order`. */
  private firstAbove(order: number): number {
    let low = 0;
    let high = this.holders.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.holders[middle]!.order > order) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Yields the positions in the ranges, descending from `at`. */
function* downFrom(ranges: readonly number[], at: number): Generator<number, void> {
  for (let i = rangeAt(ranges, at); i >= 0; i -= 2) {
    for (let k = Math.min(at, ranges[i + 1]! - 1); k >= ranges[i]!; k--) yield k;
  }
}

/** Yields the positions in the ranges, ascending from `at`. */
function* upFrom(ranges: readonly number[], at: number): Generator<number, void> {
  for (let i = Math.max(0, rangeAt(ranges, at)); i < ranges.length; i += 2) {
    for (let k = Math.max(at, ranges[i]!); k < ranges[i + 1]!; k++) yield k;
  }
}

/** Returns the index, in the flat list, of the last range that begins at or below `at`; -2 if there is none. */
function rangeAt(ranges: readonly number[], at: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[2 * middle]! <= at) low = middle + 1;
    else high = middle;
  }
  return 2 * (low - 1);
}
