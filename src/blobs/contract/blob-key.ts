import { SnapkeepError } from '../../contracts/errors';

const PART = /^[A-Za-z0-9._-]+$/;
const PREFIX = /^[A-Za-z0-9._/-]*$/;

/** Whether `key` is a key as {@link BlobStore} defines it: `/`-separated parts of `[A-Za-z0-9._-]+`, none `.` or `..`. */
export function isBlobKey(key: string): boolean {
  return key.split('/').every((part) => PART.test(part) && part !== '.' && part !== '..');
}

/** Throws `illegal_argument_exception` unless every one of `keys` is a key. */
export function assertBlobKeys(...keys: readonly string[]): void {
  for (const key of keys) {
    if (!isBlobKey(key)) throw new SnapkeepError('illegal_argument_exception', `[${key}] is no object key`);
  }
}

/** Throws `illegal_argument_exception` unless `prefix` can start a key (the last part may be cut anywhere). */
export function assertBlobPrefix(prefix: string): void {
  const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
  if (!PREFIX.test(prefix) || (prefix.includes('/') && !isBlobKey(folder))) {
    throw new SnapkeepError('illegal_argument_exception', `[${prefix}] starts no object key`);
  }
}
