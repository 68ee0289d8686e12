import { streamBody } from '../body';
import { type BucketContext, type OssService } from '../context';
import { OssError } from '../oss-error';
import { decode, type OssRequest, readKey } from '../oss-request';
import { ossTime } from '../oss-time';
import { emptyReply, type Reply, xmlReply } from '../reply';
import { type Bucket } from '../storage/bucket';
import { type OpenObject } from '../storage/object-file';
import { forbidsOverwrite, storedHeaders, writtenHeaders } from './object-headers';

/** Answers PutObject. */
export async function putObject({ bucket, request, service }: BucketContext): Promise<Reply> {
  assertLength(request, service.maxObjectBytes);
  const meta = await bucket.put(request.key, streamBody(request), storedHeaders(request), {
    maxBytes: service.maxObjectBytes,
    contentMd5: request.headers['content-md5'],
    forbidOverwrite: forbidsOverwrite(request),
    storageClass: request.headers['x-oss-storage-class'],
  });
  return emptyReply(200, writtenHeaders(meta));
}

/**
 * Answers CopyObject: the body of another object, with its headers or new ones (`x-oss-metadata-directive: REPLACE`).
 */
export async function copyObject({ bucket, request, service }: BucketContext): Promise<Reply> {
  const source = await openCopySource(request, service);
  try {
    const replace = request.headers['x-oss-metadata-directive']?.toUpperCase() === 'REPLACE';
    const headers = replace ? storedHeaders(request) : source.meta.headers;
    const meta = await bucket.put(request.key, bytesOf(source, 0, source.meta.size), headers, {
      maxBytes: Infinity,
      forbidOverwrite: forbidsOverwrite(request),
      storageClass: request.headers['x-oss-storage-class'],
    });
    const content = { LastModified: ossTime(meta.modified), ETag: `"${meta.etag}"` };
    return xmlReply('CopyObjectResult', content, writtenHeaders(meta));
  } finally {
    await source.file.close();
  }
}

/** Opens the object that `x-oss-copy-source: /bucket/key` names. Throws NoSuchBucket, NoSuchKey, InvalidArgument. */
export async function openCopySource(request: OssRequest, service: OssService): Promise<OpenObject> {
  const [source] = request.headers['x-oss-copy-source']!.split('?');
  const found = /^\/?([^/]+)\/(.+)$/s.exec(decode(source!));
  if (!found) throw new OssError('InvalidArgument', 'x-oss-copy-source must be /bucket/key.');
  const [, name, key] = found;
  const bucket: Bucket | undefined = service.buckets.get(name!);
  if (bucket === undefined) throw new OssError('NoSuchBucket', undefined, { BucketName: name! });
  return bucket.openObject(readKey(key!));
}

/** Streams bytes of an opened object; the file stays open. */
export function bytesOf(object: OpenObject, first: number, length: number): AsyncIterable<Buffer> {
  return object.file.createReadStream({
    start: first,
    end: first + length - 1,
    autoClose: false,
    emitClose: false,
    highWaterMark: 256 * 1024,
  }) as AsyncIterable<Buffer>;
}

/** Refuses at once what is announced as too large. Throws EntityTooLarge. */
export function assertLength(request: OssRequest, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw new OssError('EntityTooLarge');
}
