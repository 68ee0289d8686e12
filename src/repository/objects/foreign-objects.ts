/** Whether a place is free for a repository, or holds what somebody else put there (FORMAT.md, "Beside other formats"). */
import { type BlobCallOptions, type BlobStore } from '../../blobs/contract/blob-store';
import { parseRootKey, ROOT_PREFIX, SNAPSHOTS_PREFIX, VERIFY_PREFIX } from '../format/keys';

/** Keys that are listed at most: whether a place is empty shows at once, and how much else there is does not matter. */
const LISTED = 1000;
/** Keys that are named to people. */
const EXAMPLES = 5;

/** What a place holds that is no object of this format. */
export interface ForeignObjects {
  /** Whether some have the names of a native Elasticsearch or OpenSearch repository. */
  readonly native: boolean;
  /** Foreign keys among those looked at. */
  readonly count: number;
  /** The first few of them, those of a native repository first. */
  readonly examples: readonly string[];
}

/**
 * What lies in the place and is not of this format; undefined if nothing is, or if a repository of this format lies
 * there (whatever lies beside it then). Two listings, of at most 1,000 keys. Throws what the store throws.
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

/** Those of the keys that are neither of this format nor of a whole repository of it in a sub-folder. Pure. */
export function findForeign(keys: readonly string[]): ForeignObjects | undefined {
  const foreign = keys.filter((key) => !isOurs(key));
  if (foreign.length === 0) return undefined;
  const native = foreign.filter(isNative);
  const examples = [...native, ...foreign.filter((key) => !isNative(key))].slice(0, EXAMPLES);
  return { native: native.length > 0, count: foreign.length, examples };
}

/** At any depth: a folder may hold the repositories of several clusters. */
function isOurs(key: string): boolean {
  const folders = key.split('/');
  const name = folders.pop() ?? '';
  return (
    parseRootKey(name) !== undefined ||
    name.startsWith(VERIFY_PREFIX) ||
    folders.includes(SNAPSHOTS_PREFIX.slice(0, -1))
  );
}

/** At any depth, too: `index-7`, `index.latest`, `snap-….dat`, `meta-….dat`, or anything in a folder `indices`. */
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
