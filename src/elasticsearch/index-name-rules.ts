/** The rules for names of indices and aliases, in the words of Elasticsearch and OpenSearch. */

const MAX_NAME_BYTES = 255;
const FORBIDDEN = /[\\/*?"<>| ,]/;
const FORBIDDEN_LIST = '[ , ", *, \\, <, |, ,, >, /, ?]';

/** Returns the reason why no index can have this name; undefined for a valid name. */
export function indexNameProblem(name: string): string | undefined {
  return aliasNameProblem(name) ?? (name.toLowerCase() === name ? undefined : 'must be lowercase');
}

/** Returns the reason why no alias can have this name; undefined for a valid name. */
export function aliasNameProblem(name: string): string | undefined {
  if (name === '') return 'must not be empty';
  if (FORBIDDEN.test(name)) return `must not contain the following characters ${FORBIDDEN_LIST}`;
  if (name.includes('#')) return "must not contain '#'";
  if (name.includes(':')) return "must not contain ':'";
  // Because a request line carries the name, such an index could not be requested.
  if (/\s/.test(name)) return 'must not contain white space';
  if (/^[_\-+]/.test(name)) return "must not start with '_', '-', or '+'";
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) return `index name is too long, (${bytes} > ${MAX_NAME_BYTES})`;
  if (name === '.' || name === '..') return "must not be '.' or '..'";
  return undefined;
}
