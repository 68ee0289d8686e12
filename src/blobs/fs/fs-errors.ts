import { type ErrorCode, SnapkeepError } from '../../contracts/errors';

const ACCESS_DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
/** The path can never hold the object. */
const REJECTED = new Set([
  'ENOTDIR',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'EXDEV',
  'EFBIG',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/** Returns the error code of the file system, such as `ENOENT`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/**
 * Converts a failure of the file system to a SnapkeepError. Returns any other error unchanged.
 *
 * A failure that concerns neither permissions nor the path (disk full, stale handle, I/O error, too many open files)
 * may pass, and becomes `store_unavailable`.
 *
 * @param doing the failed operation, such as `read an object`.
 * @param where the folder of the store.
 */
export function fsFailure(error: unknown, doing: string, where: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  let code: ErrorCode = 'store_unavailable';
  if (ACCESS_DENIED.has(errno)) code = 'store_access_denied';
  else if (REJECTED.has(errno)) code = 'store_rejected';
  return new SnapkeepError(code, `cannot ${doing} in [${where}]: ${explain(errno)}`, {
    details: { errno },
    cause: error,
  });
}

function explain(errno: string): string {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return `permission denied (${errno})`;
    case 'EROFS':
      return 'the file system is mounted read-only (EROFS)';
    case 'ENOSPC':
      return 'no space left on the device (ENOSPC)';
    case 'EDQUOT':
      return 'the disk quota is used up (EDQUOT)';
    default:
      return errno;
  }
}
