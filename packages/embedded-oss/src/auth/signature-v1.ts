import { createHmac } from 'node:crypto';
import { type ByteString } from '../byte-string';
import { type OssRequest } from '../oss-request';

/** Query parameters that are part of the resource, and therefore signed; all others are not. */
const SUB_RESOURCES = new Set(
  (
    'acl append asyncFetch bucketInfo callback callback-var cname comp continuation-token cors delete encryption ' +
    'endTime group inventory inventoryId lifecycle link live location logging metaQuery objectInfo objectMeta ' +
    'partNumber policy position qos qosInfo referer regionList replication replicationLocation replicationProgress ' +
    'requestPayment resourceGroup response-cache-control response-content-disposition response-content-encoding ' +
    'response-content-language response-content-type response-expires restore security-token sequential startTime ' +
    'stat status style styleName symlink tagging transferAcceleration uploadId uploads versionId versioning ' +
    'versions vod website worm wormExtend wormId x-oss-ac-forward-allow x-oss-ac-source-ip x-oss-ac-subnet-mask ' +
    'x-oss-ac-vpc-id x-oss-async-process x-oss-process x-oss-request-payer x-oss-traffic-limit'
  ).split(' '),
);

/**
 * Returns the signature (base64) that `Authorization: OSS <id>:<signature>` must carry: HMAC-SHA1 over the method,
 * Content-MD5, Content-Type, the date, the `x-oss-` headers and the resource.
 */
export function signatureV1(request: OssRequest, secretAccessKey: string): string {
  const { headers } = request;
  const lines = [
    request.method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    headers['x-oss-date'] ?? headers.date ?? '',
    ...ossHeaders(request),
    canonicalResource(request),
  ];
  return createHmac('sha1', secretAccessKey).update(lines.join('\n'), 'latin1').digest('base64');
}

function ossHeaders({ headers }: OssRequest): string[] {
  const names = Object.keys(headers).filter((name) => name.startsWith('x-oss-'));
  return names.sort().map((name) => `${name}:${headers[name]!.trim()}`);
}

function canonicalResource({ bucket, key, query }: OssRequest): ByteString {
  const signed = [...query].filter(([name]) => SUB_RESOURCES.has(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const parameters = signed.map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const path = bucket === undefined ? '/' : `/${bucket}/${key}`;
  return parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
}
