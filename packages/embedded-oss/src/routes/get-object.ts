import { type BucketContext } from '../context';
import { OssError } from '../oss-error';
import { emptyReply, type Reply } from '../reply';
import { type ObjectMeta, type OpenObject } from '../storage/object-file';
import { readRange } from './byte-range';
import { isNotModified, objectHeaders } from './object-headers';

const ARCHIVES = new Set(['Archive', 'ColdArchive', 'DeepColdArchive']);
/** Read at once instead of streamed. */
const SMALL_BYTES = 256 * 1024;
/** Query parameters that replace a header of the answer. */
const OVERRIDES =
  /^response-(content-type|content-language|expires|cache-control|content-disposition|content-encoding)$/;

/** Answers GetObject. */
export async function getObject({ bucket, request }: BucketContext): Promise<Reply> {
  const object = await bucket.openObject(request.key);
  try {
    const { meta } = object;
    if (ARCHIVES.has(meta.storageClass)) throw new OssError('InvalidObjectState');
    if (isNotModified(request, meta)) return await closing(object, emptyReply(304, { ETag: `"${meta.etag}"` }));
    const standard = request.headers['x-oss-range-behavior'] === 'standard';
    const range = readRange(request.headers.range, meta.size, standard);
    const first = range?.first ?? 0;
    const length = range === undefined ? meta.size : range.last - range.first + 1;
    const headers = {
      ...objectHeaders(meta),
      ...overrides(request.query),
      'Content-Length': length,
      ...(range === undefined ? {} : { 'Content-Range': `bytes ${range.first}-${range.last}/${meta.size}` }),
    };
    const status = range === undefined ? 200 : 206;
    if (length <= SMALL_BYTES) {
      const body = Buffer.allocUnsafe(length);
      await object.file.read(body, 0, length, first);
      return await closing(object, { status, headers, body });
    }
    const end = first + length - 1;
    return { status, headers, body: object.file.createReadStream({ start: first, end, highWaterMark: SMALL_BYTES }) };
  } catch (error) {
    await object.file.close();
    throw error;
  }
}

/** Answers HeadObject, and GetObjectMeta (`?objectMeta`), which tells less. */
export async function headObject({ bucket, request }: BucketContext): Promise<Reply> {
  const object = await bucket.openObject(request.key);
  await object.file.close();
  const { meta } = object;
  if (isNotModified(request, meta)) return emptyReply(304, { ETag: `"${meta.etag}"` });
  const headers = request.query.has('objectMeta') ? briefHeaders(meta) : objectHeaders(meta);
  return { status: 200, headers: { ...headers, 'Content-Length': meta.size } };
}

function briefHeaders(meta: ObjectMeta): Record<string, string> {
  const { ETag, 'Last-Modified': modified, 'x-oss-hash-crc64ecma': crc64 } = objectHeaders(meta);
  return { ETag: ETag!, 'Last-Modified': modified!, 'x-oss-hash-crc64ecma': crc64! };
}

function overrides(query: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of query) {
    const found = OVERRIDES.exec(name);
    if (found && /^[\x20-\x7e]*$/.test(value)) headers[found[1]!] = value;
  }
  return headers;
}

async function closing(object: OpenObject, reply: Reply): Promise<Reply> {
  await object.file.close();
  return reply;
}
