import { type BucketContext, type OssService, OWNER } from '../context';
import { ossTime } from '../oss-time';
import { type Reply, xmlReply } from '../reply';
import { type Bucket } from '../storage/bucket';
import { type XmlElement } from '../xml';

/** Answers ListBuckets (GetService). */
export function listBuckets(service: OssService, prefix: string): Reply {
  const buckets = [...service.buckets.values()].filter(({ name }) => name.startsWith(prefix));
  return xmlReply('ListAllMyBucketsResult', {
    Owner: OWNER,
    IsTruncated: false,
    Buckets: { Bucket: buckets.map((bucket) => describe(bucket, service)) },
  });
}

/** Answers GetBucketInfo. */
export function getBucketInfo({ bucket, service }: BucketContext): Reply {
  return xmlReply('BucketInfo', {
    Bucket: {
      ...describe(bucket, service),
      AccessControlList: { Grant: 'private' },
      DataRedundancyType: 'LRS',
      Owner: OWNER,
      Versioning: bucket.options.versioning,
    },
  });
}

/** Answers GetBucketLocation: the document is the region itself. */
export function getBucketLocation({ service }: BucketContext): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint>${service.region}</LocationConstraint>\n`;
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body: Buffer.from(body) };
}

/** Answers GetBucketVersioning: an empty document where versioning was never on. */
export function getBucketVersioning({ bucket }: BucketContext): Reply {
  return xmlReply('VersioningConfiguration', { Status: bucket.options.versioning });
}

/** Answers GetBucketAcl and GetObjectAcl: everything is private here. */
export async function getAcl({ bucket, request }: BucketContext): Promise<Reply> {
  if (request.key !== '') await (await bucket.openObject(request.key)).file.close();
  const grant = request.key === '' ? 'private' : 'default';
  return xmlReply('AccessControlPolicy', { Owner: OWNER, AccessControlList: { Grant: grant } });
}

function describe(bucket: Bucket, service: OssService): XmlElement {
  const host = `${service.region}.aliyuncs.com`;
  return {
    Name: bucket.name,
    Location: service.region,
    Region: service.region.replace(/^oss-/, ''),
    CreationDate: ossTime(bucket.created),
    ExtranetEndpoint: host,
    IntranetEndpoint: `${service.region}-internal.aliyuncs.com`,
    StorageClass: bucket.storageClass,
  };
}
