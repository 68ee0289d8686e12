import { OssError } from '../oss-error';
import { type OssRequest } from '../oss-request';
import { type ObjectMeta } from '../storage/object-file';

const KEPT = new Set([
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
]);
/** Bytes of user metadata that OSS takes with an object. */
const MAX_META_BYTES = 8 * 1024;

/** Returns the headers of a put that are stored with the object. Throws InvalidArgument beyond 8 KB of them. */
export function storedHeaders(request: OssRequest): Record<string, string> {
  const stored: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(request.headers)) {
    if (!KEPT.has(name) && !name.startsWith('x-oss-meta-')) continue;
    stored[name] = value;
    bytes += name.length + value.length;
  }
  if (bytes > MAX_META_BYTES) throw new OssError('InvalidArgument', 'The object metadata is too large.');
  stored['content-type'] ??= 'application/octet-stream';
  return stored;
}

/** Returns whether the request carries `x-oss-forbid-overwrite: true`. */
export function forbidsOverwrite(request: OssRequest): boolean {
  return request.headers['x-oss-forbid-overwrite']?.toLowerCase() === 'true';
}

/** Returns the headers of every answer about an object. */
export function objectHeaders(meta: ObjectMeta): Record<string, string> {
  return {
    ...meta.headers,
    'Accept-Ranges': 'bytes',
    ETag: `"${meta.etag}"`,
    'Last-Modified': new Date(meta.modified).toUTCString(),
    'x-oss-object-type': meta.type,
    'x-oss-storage-class': meta.storageClass,
    'x-oss-hash-crc64ecma': meta.crc64,
    ...(meta.md5 === undefined ? {} : { 'Content-MD5': meta.md5 }),
  };
}

/** Returns the headers of the answer to a write. */
export function writtenHeaders(meta: ObjectMeta): Record<string, string> {
  return {
    ETag: `"${meta.etag}"`,
    'x-oss-hash-crc64ecma': meta.crc64,
    ...(meta.md5 === undefined ? {} : { 'Content-MD5': meta.md5 }),
  };
}

/**
 * Returns whether If-None-Match or If-Modified-Since make the answer a 304. Throws PreconditionFailed where If-Match or
 * If-Unmodified-Since do not hold.
 */
export function isNotModified(request: OssRequest, meta: ObjectMeta): boolean {
  const { headers } = request;
  const modifiedSeconds = Math.floor(meta.modified / 1000);
  const since = (name: string): number => Date.parse(headers[name] ?? '') / 1000;
  const names = (tag: string): boolean => tag.replaceAll('"', '').toUpperCase() === meta.etag;
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match !== undefined && !names(match)) throw new OssError('PreconditionFailed');
  if (modifiedSeconds > since('if-unmodified-since')) throw new OssError('PreconditionFailed');
  if (noneMatch !== undefined) return names(noneMatch);
  return modifiedSeconds <= since('if-modified-since');
}
