import { readSmallBody, streamBody } from '../body';
import { fromBytes, percentEncode } from '../byte-string';
import { type BucketContext, OWNER } from '../context';
import { OssError } from '../oss-error';
import { ossTime } from '../oss-time';
import { emptyReply, type Reply, xmlReply } from '../reply';
import { MAX_PART_NUMBER, type Upload, Uploads } from '../storage/uploads';
import { children, childText, parseXml } from '../xml';
import { forbidsOverwrite, storedHeaders, writtenHeaders } from './object-headers';
import { assertLength, bytesOf, openCopySource } from './put-object';

const MAX_PARTS_LISTED = 1000;

/** Answers InitiateMultipartUpload. */
export async function initiateUpload(context: BucketContext): Promise<Reply> {
  const { bucket, request } = context;
  bucket.assertMayWrite(request.key, forbidsOverwrite(request));
  const storageClass = request.headers['x-oss-storage-class'];
  const upload = await new Uploads(bucket).create(request.key, storedHeaders(request), storageClass);
  return xmlReply('InitiateMultipartUploadResult', { ...names(context), UploadId: upload.id });
}

/** Answers UploadPart, and UploadPartCopy where `x-oss-copy-source` is sent. */
export async function uploadPart(context: BucketContext): Promise<Reply> {
  const { request, service } = context;
  const { uploads, upload } = await find(context);
  const number = Number(request.query.get('partNumber'));
  if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
    throw new OssError('InvalidArgument', `PartNumber must be an integer between 1 and ${MAX_PART_NUMBER}.`);
  }
  if (request.headers['x-oss-copy-source'] === undefined) {
    assertLength(request, service.maxObjectBytes);
    const rules = { maxBytes: service.maxObjectBytes, contentMd5: request.headers['content-md5'] };
    const meta = await uploads.putPart(upload, number, streamBody(request), rules);
    return emptyReply(200, writtenHeaders(meta));
  }
  const source = await openCopySource(request, service);
  try {
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers['x-oss-copy-source-range'] ?? '');
    const first = range ? Number(range[1]) : 0;
    const last = range ? Number(range[2]) : source.meta.size - 1;
    if (first > last || last >= source.meta.size) throw new OssError('InvalidRange');
    const body = bytesOf(source, first, last - first + 1);
    const meta = await uploads.putPart(upload, number, body, { maxBytes: service.maxObjectBytes });
    const content = { LastModified: ossTime(meta.modified), ETag: `"${meta.etag}"` };
    return xmlReply('CopyPartResult', content, writtenHeaders(meta));
  } finally {
    await source.file.close();
  }
}

/** Answers ListParts. */
export async function listParts(context: BucketContext): Promise<Reply> {
  const { uploads, upload } = await find(context);
  const { query } = context.request;
  const marker = Number(query.get('part-number-marker') ?? 0);
  const maxParts = Math.min(Number(query.get('max-parts') || MAX_PARTS_LISTED), MAX_PARTS_LISTED);
  if (!Number.isInteger(marker) || !Number.isInteger(maxParts) || maxParts < 1) throw new OssError('InvalidArgument');
  const left = (await uploads.parts(upload)).filter(({ number }) => number > marker);
  const page = left.slice(0, maxParts);
  return xmlReply('ListPartsResult', {
    ...names(context),
    UploadId: upload.id,
    StorageClass: upload.storageClass,
    PartNumberMarker: marker,
    // Always there: oss2 reads it without asking.
    NextPartNumberMarker: page.at(-1)?.number ?? marker,
    MaxParts: maxParts,
    IsTruncated: left.length > page.length,
    Part: page.map(({ number, meta }) => ({
      PartNumber: number,
      LastModified: ossTime(meta.modified),
      ETag: `"${meta.etag}"`,
      HashCrc64ecma: meta.crc64,
      Size: meta.size,
    })),
  });
}

/** Answers CompleteMultipartUpload. */
export async function completeUpload(context: BucketContext): Promise<Reply> {
  const { bucket, request, service } = context;
  const body = await readSmallBody(request);
  const { uploads, upload } = await find(context);
  const all = request.headers['x-oss-complete-all']?.toLowerCase() === 'yes';
  const meta = await uploads.complete(upload, all ? undefined : readParts(body), forbidsOverwrite(request));
  const content = {
    ...names(context),
    Location: `http://${bucket.name}.${service.region}.aliyuncs.com/${percentEncode(request.key, '/')}`,
    ETag: `"${meta.etag}"`,
  };
  return xmlReply('CompleteMultipartUploadResult', content, writtenHeaders(meta));
}

/** Answers AbortMultipartUpload. */
export async function abortUpload(context: BucketContext): Promise<Reply> {
  const { uploads, upload } = await find(context);
  await uploads.abort(upload);
  return emptyReply(204);
}

/** Answers ListMultipartUploads: always one page. */
export async function listUploads({ bucket, request }: BucketContext): Promise<Reply> {
  const prefix = request.query.get('prefix') ?? '';
  const encoded = request.query.get('encoding-type') === 'url';
  const show = encoded ? (key: string) => percentEncode(key) : fromBytes;
  const uploads = (await new Uploads(bucket).list()).filter(({ key }) => key.startsWith(prefix));
  return xmlReply('ListMultipartUploadsResult', {
    EncodingType: encoded ? 'url' : undefined,
    Bucket: bucket.name,
    KeyMarker: '',
    UploadIdMarker: '',
    NextKeyMarker: '',
    NextUploadIdMarker: '',
    Delimiter: '',
    Prefix: show(prefix),
    MaxUploads: MAX_PARTS_LISTED,
    IsTruncated: false,
    Upload: uploads.map(({ id, key, initiated, storageClass }) => ({
      Key: show(key),
      UploadId: id,
      StorageClass: storageClass,
      Owner: OWNER,
      Initiated: ossTime(initiated),
    })),
  });
}

async function find({ bucket, request }: BucketContext): Promise<{ uploads: Uploads; upload: Upload }> {
  const uploads = new Uploads(bucket);
  return { uploads, upload: await uploads.get(request.query.get('uploadId') ?? '', request.key) };
}

function names({ bucket, request }: BucketContext): { EncodingType?: string; Bucket: string; Key: string } {
  const encoded = request.query.get('encoding-type') === 'url';
  return {
    EncodingType: encoded ? 'url' : undefined,
    Bucket: bucket.name,
    Key: encoded ? percentEncode(request.key) : fromBytes(request.key),
  };
}

function readParts(body: Buffer): { number: number; etag: string }[] {
  const root = parseXml(body, 'CompleteMultipartUpload');
  return children(root, 'Part').map((part) => {
    const number = Number(childText(part, 'PartNumber'));
    const etag = childText(part, 'ETag');
    if (!Number.isInteger(number) || etag === undefined) throw new OssError('MalformedXML');
    return { number, etag };
  });
}
