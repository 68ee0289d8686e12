import { createHash } from 'node:crypto';
import { type IncomingHttpHeaders } from 'node:http';
import { SnapkeepError } from '../../contracts/errors';

/** The MD5 of a body as OSS writes it in `Content-MD5`. */
export function md5Base64(body: Buffer): string {
  return createHash('md5').update(body).digest('base64');
}

/**
 * The MD5 (base64) that the headers of a GET promise for the whole object, if they do. OSS sends `Content-MD5` with
 * objects that were put in one piece; their ETag is the same value in hex, unless the server encrypts them. Objects
 * that were uploaded in parts have neither.
 */
function promisedMd5(headers: IncomingHttpHeaders): string | undefined {
  const contentMd5 = headers['content-md5'];
  if (typeof contentMd5 === 'string' && contentMd5 !== '') return contentMd5;
  const etag = /^"?([0-9A-Fa-f]{32})"?$/.exec(headers.etag ?? '')?.[1];
  const normal = headers['x-oss-object-type'] === 'Normal' && !headers['x-oss-server-side-encryption'];
  return etag !== undefined && normal ? Buffer.from(etag, 'hex').toString('base64') : undefined;
}

/** Throws `store_integrity` unless `actual` is what the headers promise. */
export function assertMd5(headers: IncomingHttpHeaders, actual: string | undefined, key: string): void {
  const expected = promisedMd5(headers);
  if (expected !== undefined && expected !== actual) {
    throw new SnapkeepError('store_integrity', `object [${key}] arrived damaged: its MD5 differs`, {
      details: { key, expected, actual, requestId: headers['x-oss-request-id'] as string | undefined },
    });
  }
}
