/**
 * Returns a function that tells whether a name matches `pattern`, in which `*` stands for any text. Each part between
 * two asterisks is searched once, from left to right. The product of the lengths therefore bounds the time for every
 * pattern.
 */
export function wildcardMatcher(pattern: string): (name: string) => boolean {
  if (!pattern.includes('*')) return (name) => name === pattern;
  const parts = pattern.split('*');
  const first = parts[0]!;
  const last = parts.at(-1)!;
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
