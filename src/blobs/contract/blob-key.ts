import { SnapkeepError } from '../../contracts/errors';

const PART = /^[A-Za-z0-9._-]+$/;
const PREFIX = /^[A-Za-z0-9._/-]*$/;

/**
 * Returns whether `key` is an object key as the contract of BlobStore defines it: parts of `[A-Za-z0-9._-]+` separated
 * by `/`, none of them `.` or `..`.
 */
export function isBlobKey(key: string): boolean {
  return key.split('/').every((part) => PART.test(part) && part !== '.' && part !== '..');
}

/** Throws `illegal_argument_exception` unless each of `keys` is an object key. */
export function assertBlobKeys(...keys: readonly string[]): void {
  for (const key of keys) {
    if (!isBlobKey(key)) throw new SnapkeepError('illegal_argument_exception', `[${key}] is no object key`);
  }
}

/** Throws `illegal_argument_exception` unless an object key can start with `prefix`. Its last part may end anywhere. */
export function assertBlobPrefix(prefix: string): void {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  if (!PREFIX.test(prefix) || (prefix.includes('/') && !isBlobKey(folder))) {
    throw new SnapkeepError('illegal_argument_exception', `[${prefix}] starts no object key`);
  }
}
