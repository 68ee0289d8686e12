import { createHash, createHmac } from 'node:crypto';
import { percentEncode } from '../byte-string';
import { type OssRequest } from '../oss-request';

/** What `Authorization: OSS4-HMAC-SHA256 …` says. */
interface AuthorizationV4 {
  readonly accessKeyId: string;
  /** `yyyymmdd` */
  readonly day: string;
  /** Without `oss-`. */
  readonly region: string;
  /** Signed headers beside the ones that always are, in lower case and order. */
  readonly additionalHeaders: readonly string[];
  readonly signature: string;
}

/** Reads the header; undefined if it is malformed. */
export function readAuthorizationV4(header: string): AuthorizationV4 | undefined {
  const fields = new Map<string, string>();
  for (const field of header.slice('OSS4-HMAC-SHA256 '.length).split(',')) {
    const at = field.indexOf('=');
    fields.set(field.slice(0, at).trim(), field.slice(at + 1).trim());
  }
  const credential = /^(.+)\/(\d{8})\/([a-z0-9-]+)\/oss\/aliyun_v4_request$/.exec(fields.get('Credential') ?? '');
  const signature = fields.get('Signature') ?? '';
  if (!credential || !/^[0-9a-f]{64}$/.test(signature)) return undefined;
  const additional = fields.get('AdditionalHeaders') ?? '';
  const [, accessKeyId, day, region] = credential;
  return {
    accessKeyId: accessKeyId!,
    day: day!,
    region: region!,
    additionalHeaders: additional === '' ? [] : additional.toLowerCase().split(';').sort(),
    signature,
  };
}

/**
 * Returns the signatures (hex) that a request may carry. SDKs differ in whether an empty query value is signed as
 * `name` or as `name=`; where a request has one, both are right.
 */
export function signaturesV4(request: OssRequest, authorization: AuthorizationV4, secretAccessKey: string): string[] {
  const hasEmptyValue = [...request.query.values()].includes('');
  const styles = hasEmptyValue ? ['', '='] : [''];
  return styles.map((emptyValue) => sign(canonicalRequest(request, authorization, emptyValue)));

  function sign(canonical: string): string {
    const { day, region } = authorization;
    const stringToSign = [
      'OSS4-HMAC-SHA256',
      request.headers['x-oss-date'],
      `${day}/${region}/oss/aliyun_v4_request`,
      createHash('sha256').update(canonical, 'latin1').digest('hex'),
    ].join('\n');
    let key: Buffer | string = `aliyun_v4${secretAccessKey}`;
    for (const part of [day, region, 'oss', 'aliyun_v4_request']) key = createHmac('sha256', key).update(part).digest();
    return createHmac('sha256', key).update(stringToSign).digest('hex');
  }
}

function canonicalRequest(request: OssRequest, authorization: AuthorizationV4, emptyValue: string): string {
  const { bucket, key, headers } = request;
  const path = bucket === undefined ? '/' : `/${bucket}/${key}`;
  const query = [...request.query]
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name + emptyValue : `${name}=${value}`));
  const names = Object.keys(headers).filter(
    (name) =>
      name === 'content-type' ||
      name === 'content-md5' ||
      name.startsWith('x-oss-') ||
      authorization.additionalHeaders.includes(name),
  );
  return [
    request.method,
    percentEncode(path, '/'),
    query.join('&'),
    names
      .sort()
      .map((name) => `${name}:${headers[name]!.trim()}\n`)
      .join(''),
    authorization.additionalHeaders.join(';'),
    headers['x-oss-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
}
