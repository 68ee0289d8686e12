import { type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type ByteString, isUtf8, percentDecode } from './byte-string';
import { OssError } from './oss-error';

/** A request as OSS sees it: which bucket, which key, which query. */
export interface OssRequest {
  readonly method: string;
  /** Undefined: the service itself (list buckets). */
  readonly bucket: string | undefined;
  /** '' : the bucket itself. */
  readonly key: ByteString;
  /** Decoded; a parameter without `=` has the value ''. */
  readonly query: ReadonlyMap<ByteString, ByteString>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly incoming: IncomingMessage;
}

/** Longest key in bytes. */
const MAX_KEY_BYTES = 1023;

/**
 * Reads bucket, key and query of a request. The bucket stands in the host name (`bucket.oss-cn-hangzhou.aliyuncs.com`,
 * `bucket.localhost`), else first in the path. ali-oss sends the former even to an IP address.
 *
 * @throws InvalidArgument, InvalidBucketName, InvalidObjectName.
 */
export function readRequest(incoming: IncomingMessage): OssRequest {
  const [path, search = ''] = splitOnce(incoming.url ?? '/', '?');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(',') : value;
  }
  const hostBucket = bucketOfHost(headers.host ?? '');
  const [bucket, key] = hostBucket === undefined ? splitOnce(path.slice(1), '/') : [hostBucket, path.slice(1)];
  if (bucket !== '' && !/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) throw new OssError('InvalidBucketName');
  return {
    method: incoming.method ?? 'GET',
    bucket: bucket === '' ? undefined : bucket,
    key: readKey(decode(key ?? '')),
    query: readQuery(search),
    headers,
    incoming,
  };
}

/** Returns the key, if it can be one ('' included). Throws InvalidObjectName. */
export function readKey(key: ByteString): ByteString {
  if (key.length > MAX_KEY_BYTES || key.startsWith('/') || key.startsWith('\\') || !isUtf8(key)) {
    throw new OssError('InvalidObjectName');
  }
  return key;
}

/** Decodes `%XX`. Throws InvalidArgument where that cannot be. */
export function decode(text: string): ByteString {
  try {
    return percentDecode(text);
  } catch {
    throw new OssError('InvalidArgument', 'The request is not URL encoded.');
  }
}

function bucketOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (isIP(name) !== 0) return undefined;
  const suffix = ['.aliyuncs.com', '.localhost'].find((candidate) => name.endsWith(candidate));
  if (suffix === undefined) return undefined;
  const [first, rest] = splitOnce(name.slice(0, -suffix.length), '.');
  // `oss-cn-hangzhou.aliyuncs.com` is the service; in `bucket.localhost` the bucket is all that is left.
  return rest === undefined && suffix !== '.localhost' ? undefined : first;
}

function readQuery(search: string): ReadonlyMap<ByteString, ByteString> {
  const query = new Map<ByteString, ByteString>();
  for (const pair of search.split('&')) {
    if (pair === '') continue;
    const [name, value = ''] = splitOnce(pair.replaceAll('+', ' '), '=');
    query.set(decode(name), decode(value));
  }
  return query;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
