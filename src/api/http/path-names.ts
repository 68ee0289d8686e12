import { illegal } from './illegal-argument';

/** Names in a path at most; wildcards stand for any number. */
const MAX_NAMES = 1_000;

/** Throws `illegal_argument_exception` when the path lists too many names. */
export function checkNames(url: string): void {
  const [path = ''] = url.split('?', 1);
  const names = path.split(/,|%2c/i).length;
  if (names > MAX_NAMES) {
    throw illegal(`the path of the request has [${names}] names, and [${MAX_NAMES}] are the most: use wildcards`);
  }
}
