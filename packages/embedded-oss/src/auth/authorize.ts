import { timingSafeEqual } from 'node:crypto';
import { OssError } from '../oss-error';
import { type OssRequest } from '../oss-request';
import { type Credentials, MAX_SKEW_SECONDS } from './credentials';
import { signatureV1 } from './signature-v1';
import { readAuthorizationV4, signaturesV4 } from './signature-v4';

/**
 * Lets a request pass that is signed with one of the known access keys, with V1 or V4 in the Authorization header, and
 * dated within a quarter of an hour of now. Signed URLs are not supported.
 *
 * @throws AccessDenied, InvalidAccessKeyId, SignatureDoesNotMatch, InvalidSecurityToken, RequestTimeTooSkewed.
 */
export function authorize(request: OssRequest, known: readonly Credentials[], now = Date.now()): void {
  const header = request.headers.authorization;
  if (header === undefined) throw new OssError('AccessDenied');
  const credentials = header.startsWith('OSS4-HMAC-SHA256 ')
    ? authorizeV4(request, header, known, now)
    : authorizeV1(request, header, known, now);
  if ((request.headers['x-oss-security-token'] ?? '') !== (credentials.securityToken ?? '')) {
    throw new OssError('InvalidSecurityToken');
  }
}

function authorizeV1(request: OssRequest, header: string, known: readonly Credentials[], now: number): Credentials {
  const found = /^OSS ([^:]+):(.+)$/.exec(header);
  if (!found) throw new OssError('InvalidArgument', 'Authorization header is invalid.');
  const [, accessKeyId, signature] = found;
  const credentials = credentialsOf(accessKeyId!, known);
  assertDate(Date.parse(request.headers['x-oss-date'] ?? request.headers.date ?? ''), now);
  assertSignature([signatureV1(request, credentials.secretAccessKey)], signature!.trim());
  return credentials;
}

function authorizeV4(request: OssRequest, header: string, known: readonly Credentials[], now: number): Credentials {
  const authorization = readAuthorizationV4(header);
  if (!authorization) throw new OssError('InvalidArgument', 'Authorization header is invalid.');
  const credentials = credentialsOf(authorization.accessKeyId, known);
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
  return credentials;
}

function credentialsOf(accessKeyId: string, known: readonly Credentials[]): Credentials {
  const found = known.find((one) => one.accessKeyId === accessKeyId);
  if (found === undefined) throw new OssError('InvalidAccessKeyId');
  return found;
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
