import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type ObjectRef, type ShardEntry } from '../../contracts/stored';
import { type Root, type ShardManifest, type SnapshotManifest } from '../format/format';
import { parseRootKey, ROOT_PREFIX, rootKey } from '../format/keys';
import { ROOT_MAX_BYTES } from '../format/limits';
import { getMetadata, parseMetadata, sha256 } from '../format/metadata';
import { rootSchema, shardManifestSchema, snapshotManifestSchema } from '../format/schemas';
import { EMPTY_ROOT } from './root';

/** Attempts to read the root. Each lists again, because the root was deleted between listing and reading it. */
const READ_ATTEMPTS = 10;
/** Attempts to commit. Each starts again, because another writer committed. */
const COMMIT_ATTEMPTS = 60;

/** A root, and the generations that existed when it was read. */
export interface RootView {
  readonly root: Root;
  readonly generations: readonly number[];
}

/**
 * Returns the next root, or the given one if that shows the change already. Throws to refuse. Pure except for reads.
 */
type RootChange = (root: Root) => Root | Promise<Root>;

/**
 * Reads the metadata of one repository and checks it, caches manifests, and commits new roots. The manifests that it
 * returns are shared: never change them.
 */
export class Catalogue {
  private readonly manifests: LRUCache<string, object>;
  private readonly roots = new LRUCache<string, Root>({ max: 2 });

  /**
   * @param options.cacheBytes approximate bytes of JSON of the cached manifests; parsed, they take two or three times
   * that.
   */
  constructor(
    readonly store: BlobStore,
    options: { cacheBytes?: number } = {},
  ) {
    this.manifests = new LRUCache({ maxSize: options.cacheBytes ?? 32 * 1024 * 1024 });
  }

  /** Reads the present root. Returns the empty root of generation 0 if there is none. Sends two requests. */
  async readRoot(options: BlobCallOptions = {}): Promise<Root> {
    return (await this.viewRoot(options)).root;
  }

  /** Reads the root as {@link readRoot} does, for a {@link commitRoot} that starts from what was read. */
  async viewRoot(options: BlobCallOptions = {}): Promise<RootView> {
    for (let attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
      const generations = await this.generations(options);
      const newest = generations.at(-1);
      if (newest === undefined) return { root: EMPTY_ROOT, generations };
      try {
        return { root: await this.rootOf(newest, options), generations };
      } catch (error) {
        // Commits deleted it after it was listed: list again.
        if (!isSnapkeepError(error, 'blob_missing')) throw error;
      }
    }
    throw new SnapkeepError(
      'store_unavailable',
      `the root of [${this.store.description}] changes faster than it can be read`,
    );
  }

  /** Reads a snapshot's manifest. Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
  async readSnapshotManifest(ref: ObjectRef, options: BlobCallOptions = {}): Promise<SnapshotManifest> {
    return this.remembered(ref, snapshotManifestSchema, options);
  }

  /** Reads a shard's manifest. Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
  async readShardManifest(entry: Pick<ShardEntry, 'manifest'>, options: BlobCallOptions = {}): Promise<ShardManifest> {
    return this.remembered(entry.manifest, shardManifestSchema, options);
  }

  /** Caches a manifest that was just written, so that it need not be read back. */
  remember(ref: ObjectRef, manifest: object): void {
    this.manifests.set(cacheKey(ref), manifest, { size: jsonBytes(ref) });
  }

  /**
   * Commits a change of the root (FORMAT.md, "Committing a root") and returns the root that shows it. Other writers may
   * commit at the same time: the change is then applied again to their root. With `from`, a view that was read before,
   * the first attempt reads nothing and sends three requests: put-if-absent, list, and delete of obsolete roots.
   *
   * Throws what the change throws, and `store_unavailable` if other writers commit first in every attempt.
   */
  async commitRoot(change: RootChange, options: BlobCallOptions & { from?: RootView } = {}): Promise<Root> {
    let view = options.from;
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
      if (attempt > 1)
        await sleep(Math.random() * Math.min(1000, 10 * 2 ** attempt), undefined, { signal: options.signal });
      view ??= await this.viewRoot(options);
      const before = view.root;
      // A view that was read earlier may be out of date: neither a refusal nor "unchanged" counts for it.
      const stale = options.from !== undefined && view === options.from;
      const changed = await (async () => change(before))().catch(async (error: unknown) => {
        if (stale) return;
        if (!isSnapkeepError(error) || error.retryable) throw error;
        // Objects that the root names may have been swept since it was read: a refusal counts if no root is newer.
        if ((await this.readRoot(options)).generation === before.generation) throw error;
      });
      if (changed === before && !stale) return before;
      if (changed === before || changed === undefined) {
        view = undefined;
        continue;
      }
      const root = { ...changed, uuid: before.uuid === '' ? randomBytes(16).toString('base64url') : before.uuid };
      const obsolete = view.generations.filter((generation) => generation < before.generation);
      view = undefined;
      try {
        await this.store.putIfAbsent(rootKey(root.generation), encodeRoot(root), options);
      } catch (error) {
        if (!isSnapkeepError(error, 'blob_exists')) throw error;
        continue;
      }
      // Roots older than the one this commit builds on are obsolete even if this commit turns out not to count.
      const [generations] = await Promise.all([
        this.generations(options),
        obsolete.length === 0 ? undefined : this.store.delete(obsolete.map(rootKey), options),
      ]);
      if (generations.at(-1) === root.generation) return root;
      // Newer roots may not be built on this one: check whether the newest shows the change.
    }
    throw new SnapkeepError(
      'store_unavailable',
      `others commit to [${this.store.description}] all the time: no turn after ${COMMIT_ATTEMPTS} attempts`,
    );
  }

  private async generations(options: BlobCallOptions): Promise<number[]> {
    const generations: number[] = [];
    for await (const { key } of this.store.list(ROOT_PREFIX, options)) {
      const generation = parseRootKey(key);
      if (generation !== undefined) generations.push(generation);
    }
    return generations.sort((a, b) => a - b);
  }

  private async rootOf(generation: number, options: BlobCallOptions): Promise<Root> {
    const key = rootKey(generation);
    const bytes = await this.store.get(key, { ...options, maxBytes: ROOT_MAX_BYTES });
    // Cached by content, not by key: a repository may be deleted and created again under the same keys.
    const hash = sha256(bytes);
    const root = this.roots.get(hash) ?? parseMetadata(key, bytes, rootSchema);
    if (root.generation !== generation) {
      throw new SnapkeepError('repository_corrupt', `object [${key}] says that it is generation [${root.generation}]`);
    }
    this.roots.set(hash, root);
    return root;
  }

  private async remembered<T extends object>(
    ref: ObjectRef,
    schema: z.ZodType<T>,
    options: BlobCallOptions,
  ): Promise<T> {
    const known = this.manifests.get(cacheKey(ref));
    if (known !== undefined) return known as T;
    const manifest = await getMetadata(this.store, ref, schema, options);
    this.remember(ref, manifest);
    return manifest;
  }
}

/** Encodes a root. Throws `illegal_argument_exception` if it is larger than readers accept. */
function encodeRoot(root: Root): Buffer {
  const bytes = Buffer.from(JSON.stringify(root));
  if (bytes.length <= ROOT_MAX_BYTES) return bytes;
  throw new SnapkeepError(
    'illegal_argument_exception',
    `the list of ${root.snapshots.length} snapshots would have ${bytes.length} bytes, more than the ${ROOT_MAX_BYTES} of a root: delete snapshots first`,
  );
}

/** Returns what was read, or undefined if the object is missing or damaged. Throws other errors. */
export async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_missing') || isSnapkeepError(error, 'repository_corrupt')) return undefined;
    throw error;
  }
}

/** Returns the key under which caches keep what the reference leads to. */
export function cacheKey(ref: ObjectRef): string {
  return `${ref.sha256} ${ref.key}`;
}

/** Estimates the bytes of JSON in a metadata object; gzip is taken to compress it to an eighth. */
export function jsonBytes(ref: ObjectRef): number {
  return Math.max(1, ref.key.endsWith('.gz') ? ref.length * 8 : ref.length);
}
