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

/** Times a root that vanished between listing and reading it is looked for again. */
const READ_TRIES = 10;
/** Times a commit starts again because somebody else committed. */
const COMMIT_TRIES = 60;

/** A root, and which generations were there when it was read. */
export interface RootView {
  readonly root: Root;
  readonly generations: readonly number[];
}

/** The next root, or the very one that was given if it shows the change already; throws to refuse. Pure but for reads. */
export type RootChange = (root: Root) => Root | Promise<Root>;

/**
 * The metadata of one repository: reads it checked, remembers what never changes, commits new roots. Manifests it
 * returns are shared: never change them.
 */
export class Catalogue {
  private readonly manifests: LRUCache<string, object>;
  private readonly roots = new LRUCache<string, Root>({ max: 2 });

  /** @param options.cacheBytes bytes of JSON, about, of the manifests that are remembered; parsed they take two or three times that. */
  constructor(
    readonly store: BlobStore,
    options: { cacheBytes?: number } = {},
  ) {
    this.manifests = new LRUCache({ maxSize: options.cacheBytes ?? 32 * 1024 * 1024 });
  }

  /** The present root; that of generation 0 where there is none. Two requests. */
  async readRoot(options: BlobCallOptions = {}): Promise<Root> {
    return (await this.viewRoot(options)).root;
  }

  /** As {@link readRoot}, for a {@link commitRoot} that is to start from what was read. */
  async viewRoot(options: BlobCallOptions = {}): Promise<RootView> {
    for (let tries = 0; tries < READ_TRIES; tries++) {
      const generations = await this.generations(options);
      const newest = generations.at(-1);
      if (newest === undefined) return { root: EMPTY_ROOT, generations };
      try {
        return { root: await this.rootOf(newest, options), generations };
      } catch (error) {
        // Commits went on meanwhile and removed it: list again.
        if (!isSnapkeepError(error, 'blob_missing')) throw error;
      }
    }
    throw new SnapkeepError(
      'store_unavailable',
      `the root of [${this.store.description}] changes faster than it can be read`,
    );
  }

  /** Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
  async readSnapshotManifest(ref: ObjectRef, options: BlobCallOptions = {}): Promise<SnapshotManifest> {
    return this.remembered(ref, snapshotManifestSchema, options);
  }

  /** Throws `blob_missing`, `repository_corrupt`, and what the store throws. */
  async readShardManifest(entry: Pick<ShardEntry, 'manifest'>, options: BlobCallOptions = {}): Promise<ShardManifest> {
    return this.remembered(entry.manifest, shardManifestSchema, options);
  }

  /** Remembers a manifest that was just written, so that it need not be read back. */
  remember(ref: ObjectRef, manifest: object): void {
    this.manifests.set(cacheKey(ref), manifest, { size: jsonBytes(ref) });
  }

  /**
   * Commits a change of the root (FORMAT.md, "Committing a root") and returns the root that shows it. Others may commit
   * at the same time; the change is applied anew to what they left. With `from`, a view read before, the first try
   * spares reading. Three requests then: put-if-absent, list, and delete of what is older than the former root.
   *
   * Throws what the change throws, and `store_unavailable` if others are faster for too long.
   */
  async commitRoot(change: RootChange, options: BlobCallOptions & { from?: RootView } = {}): Promise<Root> {
    let view = options.from;
    for (let tries = 0; tries < COMMIT_TRIES; tries++) {
      if (tries > 1)
        await sleep(Math.random() * Math.min(1000, 10 * 2 ** tries), undefined, { signal: options.signal });
      view ??= await this.viewRoot(options);
      const before = view.root;
      // What was read earlier may be out of date: neither a refusal nor "is there already" counts from there.
      const stale = options.from !== undefined && view === options.from;
      const changed = await (async () => change(before))().catch(async (error: unknown) => {
        if (stale) return;
        if (!isSnapkeepError(error) || error.retryable) throw error;
        // What the root names may have been swept since it was read: a refusal counts if there is no newer root.
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
      // What is older than the root we built on is obsolete even if ours turns out not to count.
      const [generations] = await Promise.all([
        this.generations(options),
        obsolete.length === 0 ? undefined : this.store.delete(obsolete.map(rootKey), options),
      ]);
      if (generations.at(-1) === root.generation) return root;
      // Newer roots may not be built on ours: see whether the newest shows the change.
    }
    throw new SnapkeepError(
      'store_unavailable',
      `others commit to [${this.store.description}] all the time: no turn after ${COMMIT_TRIES} tries`,
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
    // By content, not by name: a repository may be deleted and begun anew under the same names.
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

/** Throws `illegal_argument_exception` if the root would be larger than any reader takes. */
function encodeRoot(root: Root): Buffer {
  const bytes = Buffer.from(JSON.stringify(root));
  if (bytes.length <= ROOT_MAX_BYTES) return bytes;
  throw new SnapkeepError(
    'illegal_argument_exception',
    `the list of ${root.snapshots.length} snapshots would have ${bytes.length} bytes, more than the ${ROOT_MAX_BYTES} of a root: delete snapshots first`,
  );
}

/** What was read; undefined where the object is missing or damaged. */
export async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_missing') || isSnapkeepError(error, 'repository_corrupt')) return undefined;
    throw error;
  }
}

function cacheKey(ref: ObjectRef): string {
  return `${ref.sha256} ${ref.key}`;
}

/** Bytes of JSON in a metadata object, about: compressed it takes an eighth. */
export function jsonBytes(ref: ObjectRef): number {
  return Math.max(1, ref.key.endsWith('.gz') ? ref.length * 8 : ref.length);
}
