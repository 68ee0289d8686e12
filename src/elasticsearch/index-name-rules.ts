/** What Elasticsearch and OpenSearch say of names that no index or alias may have. Pure. */

const MAX_NAME_BYTES = 255;
const FORBIDDEN = /[\\/*?"<>| ,]/;
const FORBIDDEN_LIST = '[ , ", *, \\, <, |, ,, >, /, ?]';

/** Returns the reason why no index can have this name; undefined for a name that one can have. */
export function indexNameProblem(name: string): string | undefined {
  return aliasNameProblem(name) ?? (name.toLowerCase() === name ? undefined : 'must be lowercase');
}

/** Returns the reason why no alias can have this name; undefined for a name that one can have. */
export function aliasNameProblem(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (FORBIDDEN.test(name)) return `must not contain the following characters ${FORBIDDEN_LIST}`;
  if (name.includes('#')) return "must not contain '#'";
  if (name.includes(':')) return "must not contain ':'";
  // A request line carries the name: these cannot be asked for.
  if (/\s/.test(name)) return 'must not contain white space';
  if (/^[_\-+]/.test(name)) return "must not start with '_', '-', or '+'";
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) return `index name is too long, (${bytes} > ${MAX_NAME_BYTES})`;
  if (name === '.' || name === '..') return "must not be '.' or '..'";
  return undefined;
}
