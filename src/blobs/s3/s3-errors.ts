import { type ErrorCode, SnapkeepError } from '../../contracts/errors';
import { type S3Call } from './s3-handler';

/** Codes of S3 whose meaning differs from that of their HTTP status. */
const BY_S3_CODE: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'store_bucket_missing',
  NoSuchKey: 'blob_missing',
  PreconditionFailed: 'blob_exists',
  // With a status of 400 or 404 in some stores.
  InvalidAccessKeyId: 'store_access_denied',
  XAdminUserNotFound: 'store_access_denied',
  ExpiredToken: 'store_access_denied',
  InvalidToken: 'store_access_denied',
  // Another writer is at the same key: who of the two wins shows when the call is repeated.
  ConditionalRequestConflict: 'store_unavailable',
  OperationAborted: 'store_unavailable',
  // The parts are gone: the whole object is sent again.
  NoSuchUpload: 'store_unavailable',
  // The object is archived, so that no permission would help.
  InvalidObjectState: 'store_rejected',
  // The bytes changed on their way.
  InvalidDigest: 'store_integrity',
  BadDigest: 'store_integrity',
  XAmzContentSHA256Mismatch: 'store_integrity',
  RequestTimeout: 'store_unavailable',
  IncompleteBody: 'store_unavailable',
  // A wrong clock can be corrected without a change of the repository, as when a suspended machine wakes up.
  RequestTimeTooSkewed: 'store_unavailable',
};

/** The used fields of an error that the SDK creates from a response. */
interface SdkError {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
}

/**
 * Converts the error of a call to a SnapkeepError, and that of an aborted call to the reason of its signal. Never
 * chains the original error, because the SDK attaches the response to it.
 *
 * @param doing the failed operation, such as `read object [a/b]`.
 * @param where the store's description.
 */
export function s3Failure(error: unknown, call: S3Call, doing: string, where: string): unknown {
  const { signal, failure } = call.http;
  if (signal?.aborted) return signal.reason;
  if (failure !== undefined) return failure;
  if (error instanceof SnapkeepError) return error;
  const { name, message, $metadata } = error as SdkError;
  const status = call.status ?? $metadata?.httpStatusCode;
  if (status === undefined || status < 300) {
    return new SnapkeepError('store_integrity', `cannot ${doing} in [${where}]: the answer cannot be read`);
  }
  const s3Code = name === undefined || UNNAMED.test(name) ? undefined : name;
  const code = codeFor(status, s3Code);
  const said = s3Code === undefined ? `HTTP status ${status}` : `${s3Code}: ${oneLine(message)}`;
  return new SnapkeepError(code, `cannot ${doing} in [${where}]: ${said}${wayOut(code, status, s3Code)}`, {
    details: { status, s3Code, requestId: $metadata?.requestId },
  });
}

/** Matches names of errors that say nothing of S3. */
const UNNAMED = /^(Unknown|UnknownError|Error|SyntaxError|TypeError|S3ServiceException|\d+)$/;

function codeFor(status: number, s3Code: string | undefined): ErrorCode {
  const known = s3Code !== undefined && Object.hasOwn(BY_S3_CODE, s3Code) ? BY_S3_CODE[s3Code] : undefined;
  if (known !== undefined) return known;
  if (status === 401 || status === 403) return 'store_access_denied';
  if (status === 412) return 'blob_exists';
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) return 'store_unavailable';
  return 'store_rejected';
}

function wayOut(code: ErrorCode, status: number, s3Code: string | undefined): string {
  if (s3Code === 'RequestTimeTooSkewed') return " (set this machine's clock)";
  if (s3Code === 'InvalidObjectState') return ' (the object is archived: restore it in the store first)';
  if (code === 'store_access_denied') return ' (check the access key, its secret and its permissions)';
  if (code === 'store_bucket_missing') return ' (create the bucket first, or correct its name)';
  if (status === 501) return ' (a store that knows no conditional puts, [If-None-Match], cannot hold a repository)';
  if (status >= 300 && status < 400) return ' (the bucket lies elsewhere: check [endpoint] and [region])';
  return '';
}

function oneLine(message: string | undefined): string {
  return (message ?? '').replace(/\s+/g, ' ').trim().slice(0, 300);
}
