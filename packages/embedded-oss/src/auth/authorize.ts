import { timingSafeEqual } from 'node:crypto';
import { OssError } from '../oss-error';
import { type OssRequest } from '../oss-request';
import { type Credentials, MAX_SKEW_SECONDS } from './credentials';
import { signatureV1 } from './signature-v1';
import { readAuthorizationV4, signaturesV4 } from './signature-v4';

/**
 * Lets a request pass that is signed with the one access key, with V1 or V4 in the Authorization header, and dated
 * within a quarter of an hour of now. Signed URLs are not supported.
 *
 * @throws AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch, InvalidSecurityToken, RequestTimeTooSkewed.
 */
export function authorize(request: OssRequest, credentials: Credentials, now = Date.now()): void {
  const header = request.headers.authorization;
  if (header === undefined) throw new OssError('AccessDenied');
  if (header.startsWith('OSS4-HMAC-SHA256 ')) authorizeV4(request, header, credentials, now);
  else authorizeV1(request, header, credentials, now);
  if ((request.headers['x-oss-security-token'] ?? '') !== (credentials.securityToken ?? '')) {
    throw new OssError('InvalidSecurityToken');
  }
}

function authorizeV1(request: OssRequest, header: string, credentials: Credentials, now: number): void {
  const found = /^OSS ([^:]+):(.+)$/.exec(header);
  if (!found) throw new OssError('InvalidArgument', 'Authorization header is invalid.');
  const [, accessKeyId, signature] = found;
  assertKnown(accessKeyId!, credentials);
  assertDate(Date.parse(request.headers['x-oss-date'] ?? request.headers.date ?? ''), now);
  assertSignature([signatureV1(request, credentials.secretAccessKey)], signature!.trim());
}

function authorizeV4(request: OssRequest, header: string, credentials: Credentials, now: number): void {
  const authorization = readAuthorizationV4(header);
  if (!authorization) throw new OssError('InvalidArgument', 'Authorization header is invalid.');
  assertKnown(authorization.accessKeyId, credentials);
  const date = request.headers['x-oss-date'] ?? '';
  const stamp = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  const [, year, month, day, hour, minute, second] = (stamp ?? []).map(Number);
  assertDate(stamp ? Date.UTC(year!, month! - 1, day, hour, minute, second) : NaN, now);
  if (!date.startsWith(authorization.day)) {
    throw new OssError('InvalidArgument', 'Invalid signing date in Authorization header.');
  }
  if (authorization.region !== credentials.region.replace(/^oss-/, '')) {
    throw new OssError('InvalidArgument', 'Invalid signing region in Authorization header.');
  }
  if ((request.headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD') !== 'UNSIGNED-PAYLOAD') {
    throw new OssError('InvalidArgument', 'x-oss-content-sha256 must be UNSIGNED-PAYLOAD.');
  }
  assertSignature(signaturesV4(request, authorization, credentials.secretAccessKey), authorization.signature);
}

function assertKnown(accessKeyId: string, credentials: Credentials): void {
  if (accessKeyId !== credentials.accessKeyId) throw new OssError('InvalidAccessKeyId');
}

function assertDate(date: number, now: number): void {
  if (Number.isNaN(date)) throw new OssError('AccessDenied', 'OSS authentication requires a valid Date.');
  if (Math.abs(date - now) > MAX_SKEW_SECONDS * 1000) throw new OssError('RequestTimeTooSkewed');
}

function assertSignature(expected: readonly string[], actual: string): void {
  const actualBytes = Buffer.from(actual);
  const matches = expected.some((signature) => {
    const bytes = Buffer.from(signature);
    return bytes.length === actualBytes.length && timingSafeEqual(bytes, actualBytes);
  });
  if (!matches) throw new OssError('SignatureDoesNotMatch');
}
