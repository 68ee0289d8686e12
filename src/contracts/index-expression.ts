import { SnapkeepError } from './errors';

/** Whether `name` matches `pattern`, in which `*` stands for any characters. */
export function matchesWildcard(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
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
      for (const name of names) if (matchesWildcard(part.slice(1), name)) selected.delete(name);
      continue;
    }
    const pattern = part === '_all' ? '*' : part;
    const found = names.filter((name) => matchesWildcard(pattern, name));
    if (found.length === 0 && !pattern.includes('*') && !ignoreUnavailable) {
      throw new SnapkeepError('index_not_found_exception', `no such index [${part}]`, { details: { index: part } });
    }
    for (const name of found) selected.add(name);
  }
  return names.filter((name) => selected.has(name));
}
