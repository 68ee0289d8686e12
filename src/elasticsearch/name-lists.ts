/** Lists of names with wildcards and exclusions, as Elasticsearch resolves them. */
import { SnapkeepError } from '../contracts/errors';
import { wildcardMatcher } from './wildcard';

export interface Selection {
  /** In the order in which they are available. */
  readonly selected: readonly string[];
  /** Names without a wildcard that nothing has. */
  readonly missing: readonly string[];
}

/** The parts of `a,b*,-c`. Empty parts mean nothing. */
export function splitNames(expression: string): string[] {
  return expression
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/** Whether the part of an expression may stand for any number of names. */
export function isWildcard(part: string): boolean {
  return part.includes('*') || part === '_all';
}

/**
 * The names among `available` that a request to *show* them stands for, from left to right: a name, a wildcard, `_all`
 * where it stands alone; and behind a wildcard `-name` or `-wild*`, which takes away again (before one, the hyphen is
 * part of a name). As Elasticsearch 8 does it; OpenSearch knows no exclusions here.
 */
export function selectNames(parts: readonly string[], available: readonly string[]): Selection {
  if (parts.length === 1 && parts[0] === '_all') return { selected: available, missing: [] };
  return select(parts, available, true);
}

/**
 * The names among `available` that a request to *delete* them stands for: names and wildcards only. `_all` and `-name`
 * are names like any other, so that nothing is deleted by a misunderstanding. As Elasticsearch and OpenSearch do it.
 */
export function selectToDelete(parts: readonly string[], available: readonly string[]): Selection {
  return select(parts, available, false);
}

/** The names among `available` that stand in the list as they are, wildcards being names like any other. */
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

/** Whether a name matches one part; `*` stands for any text. */
export function matcher(part: string): (name: string) => boolean {
  return part === '_all' ? () => true : wildcardMatcher(part);
}

/**
 * The names a list of names, wildcards and `-exclusions` selects from `names`, in their order; all of them for an
 * empty list, `_all` and `*`. As in Elasticsearch an exclusion takes away from what stands before it. Throws
 * `index_not_found_exception` for a plain name that is missing, unless `ignoreUnavailable`.
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
