import { SnapkeepError } from '../../contracts/errors';

/** Bytes of names in one path. Clusters take request lines up to 4,096 bytes (`http.max_initial_line_length`). */
const MAX_NAMES_BYTES = 3_000;

/**
 * One concrete index (or alias) as a path segment. Anything that a cluster would read as more than one index is
 * refused: an operation on `a,b` or `*` must never come about by a strange name.
 */
export function indexSegment(name: string): string {
  if (name === '' || /[*?,"<>|\s\\/#]/.test(name) || /^[_\-+]/.test(name) || name === '.' || name === '..') {
    throw new SnapkeepError('illegal_argument_exception', `[${name}] is not the name of one index`, {
      details: { index: name },
    });
  }
  return encodeURIComponent(name);
}

/** Comma-separated path segments that each fit a request line. Order is kept. */
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
