/** Checks that a place holds no objects of other formats (FORMAT.md, "Beside other formats"). */
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { parseRootKey, ROOT_PREFIX, SNAPSHOTS_PREFIX, VERIFY_PREFIX } from '../format/keys';

/**
 * Keys that are listed at most: the first ones show whether the place is free, and the number of others does not
 * matter.
 */
const LISTED = 1000;
/** Keys that an error message names. */
const EXAMPLES = 5;

/** The objects in a place that are not of this format. */
export interface ForeignObjects {
  /** True if some have the names of a native Elasticsearch or OpenSearch repository. */
  readonly native: boolean;
  /** Number of foreign keys among those that were listed. */
  readonly count: number;
  /** The first few of them, those of a native repository first. */
  readonly examples: readonly string[];
}

/**
 * Finds objects in the place that are not of this format. Returns undefined if there is none, or if a repository of
 * this format lies there, even beside others. Lists twice, at most 1,000 keys. Throws what the store throws.
 */
export async function foreignObjects(
  store: BlobStore,
  options: BlobCallOptions = {},
): Promise<ForeignObjects | undefined> {
  for await (const { key } of store.list(ROOT_PREFIX, options)) {
    if (parseRootKey(key) !== undefined) return undefined;
  }
  const keys: string[] = [];
  for await (const { key } of store.list('', options)) {
    if (keys.push(key) === LISTED) break;
  }
  return findForeign(keys);
}

/** Finds the keys that are neither of this format nor of a whole repository of this format in a sub-folder. Pure. */
export function findForeign(keys: readonly string[]): ForeignObjects | undefined {
  const foreign = keys.filter((key) => !isOurs(key));
  if (foreign.length === 0) return undefined;
  const native = foreign.filter(isNative);
  const examples = [...native, ...foreign.filter((key) => !isNative(key))].slice(0, EXAMPLES);
  return { native: native.length > 0, count: foreign.length, examples };
}

/** Returns whether the key is of this format, at any depth: a folder may hold the repositories of several clusters. */
function isOurs(key: string): boolean {
  const folders = key.split('/');
  const name = folders.pop() ?? '';
  return (
    parseRootKey(name) !== undefined ||
    name.startsWith(VERIFY_PREFIX) ||
    folders.includes(SNAPSHOTS_PREFIX.slice(0, -1))
  );
}

/**
 * Returns whether the key is native, at any depth: `index-7`, `index.latest`, `snap-….dat`, `meta-….dat`, `indices/…`.
 */
function isNative(key: string): boolean {
  const folders = key.split('/');
  const name = folders.pop() ?? '';
  return (
    /^index-\d+$/.test(name) ||
    name === 'index.latest' ||
    /^(?:snap|meta)-.+\.dat$/.test(name) ||
    folders.includes('indices')
  );
}
