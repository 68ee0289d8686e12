import { SnapkeepError } from '../../contracts/errors';

/** Most bytes of names in one path. Clusters accept request lines of 4,096 bytes (`http.max_initial_line_length`). */
const MAX_NAMES_BYTES = 3_000;

/**
 * Returns one concrete index or alias as a path segment. Throws `illegal_argument_exception` when a cluster would read
 * the name as several indices: a strange name must never cause an operation on `a,b` or `*`.
 */
export function indexSegment(name: string): string {
  if (name === '' || /[*?,"<>|\s\\/#]/.test(name) || /^[_\-+]/.test(name) || name === '.' || name === '..') {
    throw new SnapkeepError('illegal_argument_exception', `[${name}] is not the name of one index`, {
      details: { index: name },
    });
  }
  return encodeURIComponent(name);
}

/** Joins path segments by commas to paths that each fit a request line. Keeps the order. */
export function joinSegments(segments: readonly string[]): string[] {
  const joined: string[] = [];
  let current = '';
  for (const segment of segments) {
    if (current !== '' && current.length + 1 + segment.length > MAX_NAMES_BYTES) {
      joined.push(current);
      current = '';
    }
    current = current === '' ? segment : `${current},${segment}`;
  }
  if (current !== '') joined.push(current);
  return joined;
}
