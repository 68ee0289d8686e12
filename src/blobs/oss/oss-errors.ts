import { type ErrorCode, SnapkeepError } from '../../contracts/errors';
import { type HttpCall } from '../http/http-call';

/** Codes of OSS whose meaning differs from that of their HTTP status. */
const BY_OSS_CODE: Readonly<Record<string, ErrorCode>> = {
  NoSuchBucket: 'store_bucket_missing',
  NoSuchKey: 'blob_missing',
  FileAlreadyExists: 'blob_exists',
  // The object is archived, so that no permission would help.
  InvalidObjectState: 'store_rejected',
  // The bytes changed on their way: OSS computed another MD5 than the request named.
  InvalidDigest: 'store_integrity',
  BadDigest: 'store_integrity',
  RequestTimeout: 'store_unavailable',
  IncompleteBody: 'store_unavailable',
  OperationAborted: 'store_unavailable',
  // A wrong clock can be corrected without a change of the repository, as when a suspended machine wakes up.
  RequestTimeTooSkewed: 'store_unavailable',
};

/** The used fields of an error that ali-oss creates from a response. */
interface AliOssError {
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  readonly requestId?: string;
  readonly ecCode?: string;
}

/**
 * Converts the error of a call to a SnapkeepError, and that of an aborted call to the reason of its signal. Never
 * chains the original error, because ali-oss attaches the request with its headers and signature.
 *
 * @param doing the failed operation, such as `read object [a/b]`.
 * @param where the store's description.
 */
export function ossFailure(error: unknown, call: HttpCall, doing: string, where: string): unknown {
  if (call.signal?.aborted) return call.signal.reason;
  if (call.failure !== undefined) return call.failure;
  if (error instanceof SnapkeepError) return error;
  const { status, code: ossCode, message, requestId, ecCode } = error as AliOssError;
  if (status === undefined) {
    return new SnapkeepError('store_integrity', `cannot ${doing} in [${where}]: the answer cannot be read`);
  }
  const code = codeFor(status, ossCode);
  const said = ossCode === undefined ? `HTTP status ${status}` : `${ossCode}: ${oneLine(message)}`;
  const text = `cannot ${doing} in [${where}]: ${said}${wayOut(code, ossCode, call)}`;
  return new SnapkeepError(code, text, { details: { status, ossCode, requestId, ec: ecCode } });
}

function codeFor(status: number, ossCode: string | undefined): ErrorCode {
  const known = ossCode !== undefined && Object.hasOwn(BY_OSS_CODE, ossCode) ? BY_OSS_CODE[ossCode] : undefined;
  if (known !== undefined) return known;
  if (status === 401 || status === 403) return 'store_access_denied';
  if (status === 408 || status === 429 || (status >= 500 && status !== 501)) return 'store_unavailable';
  return 'store_rejected';
}

function wayOut(code: ErrorCode, ossCode: string | undefined, call: HttpCall): string {
  const endpoint = /<Endpoint>([A-Za-z0-9.:-]+)<\/Endpoint>/.exec(call.errorBody ?? '')?.[1];
  if (endpoint !== undefined) return ` (the bucket's endpoint is ${endpoint})`;
  if (ossCode === 'RequestTimeTooSkewed') return " (set this machine's clock)";
  if (ossCode === 'InvalidObjectState') return ' (the object is archived: restore it in OSS first)';
  if (code === 'store_access_denied') return ' (check the access key, its secret and its permissions)';
  if (code === 'store_bucket_missing') return ' (create the bucket first, or correct its name)';
  return '';
}

function oneLine(message: string | undefined): string {
  return (message ?? '').replace(/\s+/g, ' ').trim().slice(0, 300);
}
