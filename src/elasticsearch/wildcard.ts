import { SnapkeepError } from '../contracts/errors';

/**
 * Returns whether a name matches `pattern`, in which `*` stands for any characters. Each part between two asterisks is
 * looked for once, from left to right: the time is bounded by the product of the lengths, whatever the pattern.
 */
export function wildcardMatcher(pattern: string): (name: string) => boolean {
  if (!pattern.includes('*')) return (name) => name === pattern;
  const parts = pattern.split('*');
  const first = parts[0];
  const last = parts[parts.length - 1];
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  const least = parts.reduce((sum, part) => sum + part.length, 0);
  return (name) => {
    if (name.length < least || !name.startsWith(first) || !name.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = name.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= name.length - last.length;
  };
}

/** Returns whether `name` matches `pattern`, as {@link wildcardMatcher} does. */
export function matchesWildcard(pattern: string, name: string): boolean {
  return wildcardMatcher(pattern)(name);
}

/**
 * The names a list of names, wildcards and `-exclusions` selects from `names`, in their order; all of them for an
 * empty list, `_all` and `*`. As in Elasticsearch an exclusion takes away from what stands before it. Throws
 * `index_not_found_exception` for a plain name that is missing, unless `ignoreUnavailable`.
 */
export function selectNames(
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
