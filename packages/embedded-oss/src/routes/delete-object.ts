import { readSmallBody } from '../body';
import { fromBytes, percentEncode, toBytes } from '../byte-string';
import { type BucketContext } from '../context';
import { OssError } from '../oss-error';
import { readKey } from '../oss-request';
import { emptyReply, type Reply, xmlReply } from '../reply';
import { children, childText, parseXml } from '../xml';

/** The most keys that one DeleteMultipleObjects takes. */
const MAX_KEYS = 1000;

/** Answers DeleteObject: 204 whether there was one or not. */
export async function deleteObject({ bucket, request }: BucketContext): Promise<Reply> {
  await bucket.delete(request.key);
  return emptyReply(204);
}

/** Answers DeleteMultipleObjects: the deleted keys, or with `Quiet` nothing. */
export async function deleteMultipleObjects({ bucket, request }: BucketContext): Promise<Reply> {
  const body = await readSmallBody(request);
  if (request.headers['content-md5'] === undefined) throw new OssError('InvalidDigest');
  const root = parseXml(body, 'Delete');
  const quiet = childText(root, 'Quiet') ?? 'false';
  if (quiet !== 'true' && quiet !== 'false') throw new OssError('MalformedXML');
  const keys = children(root, 'Object').map((object) => childText(object, 'Key'));
  if (keys.length === 0 || keys.length > MAX_KEYS) throw new OssError('MalformedXML');
  const bytes = keys.map((key) => {
    if (key === undefined || key === '') throw new OssError('MalformedXML');
    return readKey(toBytes(key));
  });
  await Promise.all(bytes.map((key) => bucket.delete(key)));
  if (quiet === 'true') return emptyReply(200);
  const encoded = request.query.get('encoding-type') === 'url';
  return xmlReply('DeleteResult', {
    EncodingType: encoded ? 'url' : undefined,
    Deleted: bytes.map((key) => ({ Key: encoded ? percentEncode(key) : fromBytes(key) })),
  });
}
