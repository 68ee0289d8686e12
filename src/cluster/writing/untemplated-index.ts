/**
 * Creates an index that is exactly as requested. A plain create merges every matching template of the cluster:
 * settings, fields, aliases, pipelines. A clone merges none. If a template matches, an empty index is therefore created
 * under a name that no template matches, and cloned.
 */
import { SnapkeepError } from '../../contracts/errors';
import { matchesWildcard } from '../../elasticsearch/wildcard';
import { type Dialect } from '../dialect/dialect';
import { type ClusterHttp } from '../http/cluster-http';
import { type CreatedIndex, createIndexTolerant, type IndexDefinition } from './create-index';
import { cloneIndex, deleteIndexIfThere } from './index-operations';
import { WHILE_LOADING } from './restorable-index';
import { waitingFor } from './target-state';

/** The index to create. */
export interface UntemplatedIndex {
  readonly name: string;
  /** Settings for loading, mappings and the one-off alias. */
  readonly definition: Required<IndexDefinition>;
  /** Final value of `index.hidden`. */
  readonly hidden: unknown;
  /** Part of the name of the index that is cloned: lower-case letters and digits. */
  readonly token: string;
}

/** The created index, and whether an empty index that it was cloned from is left to be deleted. */
export interface CreatedUntemplated extends CreatedIndex {
  readonly cloned: boolean;
}

/**
 * Creates the index in a cluster whose templates match `patterns`. An interrupted call can be repeated as long as the
 * index itself is missing. Throws `cluster_unavailable` when the empty index has no node.
 */
export async function createUntemplated(
  http: ClusterHttp,
  { dialect, patterns }: { readonly dialect: Dialect; readonly patterns: readonly string[] },
  { name, definition, hidden, token }: UntemplatedIndex,
  signal?: AbortSignal,
): Promise<CreatedUntemplated> {
  if (!patterns.some((pattern) => matchesWildcard(pattern, name))) {
    return { ...(await createIndexTolerant(http, dialect, name, definition, signal)), cloned: false };
  }
  const empty = emptyName(token, patterns);
  await deleteIndexIfThere(http, empty, signal);
  const settings = { ...parsed(definition.settings), 'index.blocks.write': 'true', 'index.hidden': 'true' };
  const created = await createIndexTolerant(
    http,
    dialect,
    empty,
    { settings: JSON.stringify(settings), mappings: definition.mappings },
    signal,
  );
  const waiting = await waitingFor(http, empty, signal);
  if (waiting !== undefined) throw new SnapkeepError('cluster_unavailable', waiting, { details: { index: name } });
  const own = { ...WHILE_LOADING, 'index.blocks.write': null, 'index.hidden': hidden };
  await cloneIndex(http, empty, name, { settings: JSON.stringify(own), aliases: definition.aliases }, signal);
  return { ...created, cloned: true };
}

/** Deletes the empty index of {@link createUntemplated}; a missing index is not an error. */
export async function deleteEmptyIndex(http: ClusterHttp, token: string, signal?: AbortSignal): Promise<void> {
  for (const name of emptyNames(token)) await deleteIndexIfThere(http, name, signal);
}

/**
 * Returns a name that no template matches. Templates that match every name are ignored, because they do not apply to a
 * hidden index. Throws `cluster_rejected` when templates match all candidates.
 */
function emptyName(token: string, patterns: readonly string[]): string {
  const narrow = patterns.filter((pattern) => /[^*]/.test(pattern));
  const free = emptyNames(token).find((name) => !narrow.some((pattern) => matchesWildcard(pattern, name)));
  if (free !== undefined) return free;
  throw new SnapkeepError(
    'cluster_rejected',
    'index templates of the cluster match every name that could be used for making an index without them; narrow their [index_patterns]',
  );
}

function emptyNames(token: string): string[] {
  return [`.snapkeep-empty-${token}`, `snapkeep-empty-${token}`, `snapkeepempty${token}`, `empty.${token}.snapkeep`];
}

function parsed(settings: string): Record<string, unknown> {
  return JSON.parse(settings) as Record<string, unknown>;
}
