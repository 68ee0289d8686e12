import { indexClosed, indexNotFound, unsupported } from '../elasticsearch-error';
import type { ClusterState, IndexMetadata } from './index-metadata';
import { reservedName } from './index-names';

/** How an index expression is read: Elasticsearch's IndicesOptions. */
export interface ResolveOptions {
  /** A missing or closed index that was named is left out instead of being an error. */
  readonly ignoreUnavailable: boolean;
  /** An expression that matches nothing is fine. */
  readonly allowNoIndices: boolean;
  readonly expandOpen: boolean;
  readonly expandClosed: boolean;
  readonly expandHidden: boolean;
  /** A closed index that was named is an error. */
  readonly forbidClosed: boolean;
}

export const STRICT_EXPAND_OPEN: ResolveOptions = {
  ignoreUnavailable: false,
  allowNoIndices: true,
  expandOpen: true,
  expandClosed: false,
  expandHidden: false,
  forbidClosed: false,
};

/** What searches and statistics use. */
export const OPEN_ONLY: ResolveOptions = { ...STRICT_EXPAND_OPEN, forbidClosed: true };

export const OPEN_AND_CLOSED: ResolveOptions = { ...STRICT_EXPAND_OPEN, expandClosed: true };

/** Turns a pattern with `*` into a regular expression over the whole name. */
export function wildcard(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 's');
}

const isAll = (expression: string | undefined): boolean =>
  expression === undefined || expression === '' || expression === '_all' || expression === '*';

/**
 * Returns the indices that an expression stands for: names, aliases, `*`, `_all`, and `-x` after a wildcard. In the
 * order of the expression, wildcards by name; each index once.
 */
export function resolveIndices(
  state: ClusterState,
  expression: string | undefined,
  options: ResolveOptions,
): IndexMetadata[] {
  const found = new Map<string, IndexMetadata>();
  const parts = isAll(expression) ? ['*'] : (expression as string).split(',').filter((part) => part !== '');
  let sawWildcard = false;
  for (const part of parts) {
    if (part.startsWith('-') && sawWildcard) {
      const excluded = wildcard(part.slice(1));
      for (const [name, index] of found) {
        if (excluded.test(name) || Object.keys(index.aliases).some((alias) => excluded.test(alias))) found.delete(name);
      }
    } else if (part === '_all' || part.includes('*')) {
      sawWildcard = true;
      const matches = expand(state, part === '_all' ? '*' : part, options);
      if (matches.length === 0 && !options.allowNoIndices) throw indexNotFound(part);
      for (const index of matches) found.set(index.name, index);
    } else {
      for (const index of named(state, part, options)) found.set(index.name, index);
    }
  }
  if (found.size === 0 && !options.allowNoIndices) throw indexNotFound(expression ?? '_all');
  return [...found.values()];
}

function named(state: ClusterState, name: string, options: ResolveOptions): readonly IndexMetadata[] {
  if (name.startsWith('<')) throw unsupported('date math in index names');
  if (name.startsWith('_')) throw reservedName(name);
  const index = state.indices.get(name);
  const matches = index ? [index] : state.ofAlias(name);
  if (matches.length === 0 && !options.ignoreUnavailable) throw indexNotFound(name);
  if (!options.forbidClosed) return matches;
  const closed = matches.find((match) => match.closed);
  if (closed && !options.ignoreUnavailable) throw indexClosed(closed);
  return matches.filter((match) => !match.closed);
}

function expand(state: ClusterState, pattern: string, options: ResolveOptions): IndexMetadata[] {
  const regex = wildcard(pattern);
  return [...state.indices.values()]
    .filter((index) => {
      if (index.closed ? !options.expandClosed : !options.expandOpen) return false;
      const hidden = index.settings['index.hidden'] === 'true';
      const visible = !hidden || options.expandHidden || (pattern.startsWith('.') && index.name.startsWith('.'));
      return visible && (regex.test(index.name) || Object.keys(index.aliases).some((alias) => regex.test(alias)));
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
