/** Resolves lists of names with wildcards and exclusions, as Elasticsearch does. */
import { SnapkeepError } from '../contracts/errors';
import { wildcardMatcher } from './wildcard';

/** The result of resolving a list. */
export interface Selection {
  /** The selected names, in the order of the available ones. */
  readonly selected: readonly string[];
  /** Requested names without a wildcard that do not exist. */
  readonly missing: readonly string[];
}

/** Splits `a,b*,-c` into its parts. Empty parts are dropped. */
export function splitNames(expression: string): string[] {
  return expression
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Returns whether a part of an expression can stand for any number of names. */
export function isWildcard(part: string): boolean {
  return part.includes('*') || part === '_all';
}

/**
 * Selects the names that a request to *show* them means, from left to right. A part is a name, a wildcard, or `_all` if
 * it is the only part. After a wildcard, `-name` and `-wild*` remove names; before one, the hyphen is part of a name.
 * Elasticsearch 8 does the same; OpenSearch has no exclusions here.
 */
export function selectNames(parts: readonly string[], available: readonly string[]): Selection {
  if (parts.length === 1 && parts[0] === '_all') return { selected: available, missing: [] };
  return select(parts, available, true);
}

/**
 * Selects the names that a request to *delete* them means: names and wildcards only. `_all` and `-name` are ordinary
 * names, so that nothing is deleted by a misunderstanding. Elasticsearch and OpenSearch do the same.
 */
export function selectToDelete(parts: readonly string[], available: readonly string[]): Selection {
  return select(parts, available, false);
}

/** Selects the names that the list holds literally; wildcards are ordinary names. */
export function selectExactly(parts: readonly string[], available: readonly string[]): Selection {
  const asked = new Set(parts);
  const known = new Set(available);
  return {
    selected: available.filter((name) => asked.has(name)),
    missing: [...asked].filter((name) => !known.has(name)),
  };
}

function select(parts: readonly string[], available: readonly string[], exclusions: boolean): Selection {
  const chosen = new Set<string>();
  const missing: string[] = [];
  const known = new Set(available);
  let sawWildcard = false;
  for (const part of parts) {
    if (exclusions && sawWildcard && part.startsWith('-') && part.length > 1) {
      const matches = matcher(part.slice(1));
      for (const name of [...chosen]) if (matches(name)) chosen.delete(name);
    } else if (part.includes('*')) {
      sawWildcard = true;
      const matches = matcher(part);
      for (const name of available) if (matches(name)) chosen.add(name);
    } else if (known.has(part)) {
      chosen.add(part);
    } else {
      missing.push(part);
    }
  }
  return { selected: available.filter((name) => chosen.has(name)), missing };
}

/** Returns a function that tells whether a name matches `part`, in which `*` stands for any text. */
export function matcher(part: string): (name: string) => boolean {
  return part === '_all' ? () => true : wildcardMatcher(part);
}

/**
 * Selects from `names`, in their order, by a list of names, wildcards and `-exclusions`. An empty list, `_all` and `*`
 * select all. As in Elasticsearch, an exclusion removes names that earlier parts selected. Throws
 * `index_not_found_exception` when a plain name is missing, unless `ignoreUnavailable`.
 */
export function selectIndices(
  names: readonly string[],
  expression: readonly string[] | undefined,
  ignoreUnavailable: boolean,
): string[] {
  if (expression === undefined || expression.length === 0) return [...names];
  const selected = new Set<string>();
  for (const [i, part] of expression.entries()) {
    if (part.startsWith('-') && i > 0) {
      const matches = wildcardMatcher(part.slice(1));
      for (const name of selected) if (matches(name)) selected.delete(name);
      continue;
    }
    const pattern = part === '_all' ? '*' : part;
    const found = names.filter(wildcardMatcher(pattern));
    if (found.length === 0 && !pattern.includes('*') && !ignoreUnavailable) {
      throw new SnapkeepError('index_not_found_exception', `no such index [${part}]`, { details: { index: part } });
    }
    for (const name of found) selected.add(name);
  }
  return names.filter((name) => selected.has(name));
}
