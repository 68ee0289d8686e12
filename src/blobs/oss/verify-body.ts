import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { SnapkeepError } from '../../contracts/errors';

/** Returns the MD5 of a body, base64 as in `Content-MD5`. */
export function md5Base64(body: Buffer): string {
  return createHash('md5').update(body).digest('base64');
}

/**
 * Returns the MD5 (base64) that the headers of a GET state for the whole object, if any. OSS sends `Content-MD5` with
 * objects that were put in one request. Their ETag is the same value in hex, unless the server encrypts them. Objects
 * that were uploaded in parts have neither.
 */
function statedMd5(headers: IncomingHttpHeaders): string | undefined {
  const contentMd5 = headers['content-md5'];
  if (typeof contentMd5 === 'string' && contentMd5 !== '') return contentMd5;
  const etag = /^"?([0-9A-Fa-f]{32})"?$/.exec(headers.etag ?? '')?.[1];
  const normal = headers['x-oss-object-type'] === 'Normal' && !headers['x-oss-server-side-encryption'];
  return etag !== undefined && normal ? Buffer.from(etag, 'hex').toString('base64') : undefined;
}

/** Throws `store_integrity` when the headers state an MD5 other than `actual`. */
export function assertMd5(headers: IncomingHttpHeaders, actual: string | undefined, key: string): void {
  const expected = statedMd5(headers);
  if (expected !== undefined && expected !== actual) {
    throw new SnapkeepError('store_integrity', `object [${key}] arrived damaged: its MD5 differs`, {
      details: { key, expected, actual, requestId: headers['x-oss-request-id'] as string | undefined },
    });
  }
}
