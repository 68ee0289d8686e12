import { createHash } from 'node:crypto';
import { OssError } from './oss-error';
import { type OssRequest } from './oss-request';

/** Largest XML document that a client may send: 1,000 keys of 1,023 bytes, every one of them escaped. */
const MAX_XML_BYTES = 8 * 1024 * 1024;

/** Streams the body as it comes in; a client that goes away ends it with an error. */
export function streamBody(request: OssRequest): AsyncIterable<Buffer> {
  return request.incoming as AsyncIterable<Buffer>;
}

/** Reads a small body at once. Throws EntityTooLarge, and BadDigest where it is not what Content-MD5 says. */
export async function readSmallBody(request: OssRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of streamBody(request)) {
    length += chunk.length;
    if (length > MAX_XML_BYTES) throw new OssError('EntityTooLarge');
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, length);
  const expected = request.headers['content-md5'];
  if (expected !== undefined && createHash('md5').update(body).digest('base64') !== expected) {
    throw new OssError('BadDigest');
  }
  return body;
}
