/**
 * Creating an index that is exactly what is asked for. A plain create merges every template of the cluster that
 * matches the name: settings, fields, aliases, pipelines. A clone takes none, so where a template matches, an empty
 * index is made under a name that none matches, and cloned.
 */
import { SnapkeepError } from '../../contracts/errors';
import { matchesWildcard } from '../../elasticsearch/wildcard';
import { type Dialect } from '../dialect/dialect';
import { type ClusterHttp } from '../http/cluster-http';
import { type CreatedIndex, createIndexTolerant, type IndexDefinition } from './create-index';
import { cloneIndex, deleteIndexIfThere } from './index-operations';
import { WHILE_LOADING } from './restorable-index';
import { templatePatterns, waitingFor } from './target-state';

export interface UntemplatedIndex {
  readonly name: string;
  /** Settings as for loading, mappings and the one-off alias. */
  readonly definition: Required<IndexDefinition>;
  /** `index.hidden` that the index ends with, as a setting's value. */
  readonly hidden: unknown;
  /** Part of the name of the index that is cloned: made of lower-case letters and digits. */
  readonly token: string;
}

/**
 * Creates the index. Repeating an interrupted call is harmless as long as the index itself is not there. Throws
 * `cluster_unavailable` while the empty index has no node.
 */
export async function createUntemplated(
  http: ClusterHttp,
  dialect: Dialect,
  { name, definition, hidden, token }: UntemplatedIndex,
  signal?: AbortSignal,
): Promise<CreatedIndex & { readonly cloned: boolean }> {
  const patterns = await templatePatterns(http, signal);
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

/** Deletes the empty index of {@link createUntemplated}; harmless where there was none. */
export async function deleteEmptyIndex(http: ClusterHttp, token: string, signal?: AbortSignal): Promise<void> {
  for (const name of emptyNames(token)) await deleteIndexIfThere(http, name, signal);
}

/** A hidden index takes no template that matches every name, so those need not be avoided. */
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
