import { type ErrorCode, SnapkeepError } from '../../contracts/errors';

const ACCESS_DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
/** The path cannot hold the object, now or later. */
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

/** The error code that the file system gave, such as `ENOENT`; undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

/**
 * A failure of the file system as the catalogue names it. What is neither a matter of permissions nor of the path
 * (disk full, stale handle, I/O error, too many open files) may succeed later: `store_unavailable`.
 */
export function fsFailure(error: unknown, doing: string, where: string): SnapkeepError {
  if (error instanceof SnapkeepError) return error;
  const errno = errnoOf(error);
  if (errno === undefined) throw error;
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
