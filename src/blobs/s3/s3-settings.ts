/** The settings of an `s3` repository, named as Elasticsearch names them. */
import { isIP } from 'node:net';
import { parseBasePath } from '../contract/base-path';
import { parseEndpoint } from '../contract/endpoint';
import { type GivenSettings, requiredSetting, settingsInvalid } from '../contract/given-settings';
import { type StorePolicy } from '../contract/store-policy';

/** Says where an `s3` repository is, and how its objects are kept. */
export interface S3Settings {
  readonly type: 's3';
  /** `http(s)://host[:port]`, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Key prefix without leading or trailing `/`; '' is the bucket's root. */
  readonly basePath: string;
  /** Region that requests are signed for. */
  readonly region: string;
  /** Puts the bucket into the path (`host/bucket/key`) instead of the host name (`bucket.host/key`). */
  readonly pathStyle: boolean;
  /** Objects are encrypted by the store (AES-256). */
  readonly serverSideEncryption: boolean;
  /** Such as `STANDARD_IA`; unset: the bucket's. */
  readonly storageClass?: S3StorageClass;
}

/** Credentials of an `s3` repository. */
export interface S3Secrets {
  readonly accessKey: string;
  readonly secretKey: string;
  /** Token that goes with temporary keys. */
  readonly sessionToken?: string;
}

/** Storage classes whose objects can be read at once. */
const STORAGE_CLASSES = ['STANDARD', 'REDUCED_REDUNDANCY', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING'] as const;

/** One of the storage classes that a repository may use. */
type S3StorageClass = (typeof STORAGE_CLASSES)[number];

/** Region of stores that have none of their own. */
const DEFAULT_REGION = 'us-east-1';

/** Parses the settings that say where an `s3` repository is. Throws `repository_settings_invalid`. */
export function parseS3Settings(given: GivenSettings, policy: StorePolicy): S3Settings {
  const bucket = parseBucket(requiredSetting(given, 'bucket'));
  const region = parseRegion(given.get('region'));
  const host = given.get('endpoint') ?? `s3.${region ?? DEFAULT_REGION}.amazonaws.com`;
  const protocol = oneOf('protocol', given.get('protocol') ?? 'https', ['https', 'http']);
  const endpoint = parseEndpoint(host, policy, { protocol, example: 'https://s3.us-east-1.amazonaws.com' });
  const { hostname } = new URL(endpoint);
  const storageClass = given.get('storage_class')?.toUpperCase();
  oneOf('client', given.get('client') ?? 'default', ['default']);
  return {
    type: 's3',
    bucket,
    basePath: parseBasePath(given.get('base_path') ?? ''),
    endpoint,
    region: region ?? regionOfHost(hostname) ?? DEFAULT_REGION,
    pathStyle: flag('path_style_access', given) || !resolvesBuckets(hostname, bucket),
    serverSideEncryption: flag('server_side_encryption', given),
    ...(storageClass === undefined ? {} : { storageClass: oneOf('storage_class', storageClass, STORAGE_CLASSES) }),
  };
}

/** Parses the credentials of an `s3` repository. Throws `repository_settings_invalid` when a key is missing. */
export function parseS3Secrets(given: GivenSettings): S3Secrets {
  return {
    accessKey: requiredSetting(given, 'access_key'),
    secretKey: requiredSetting(given, 'secret_key'),
    sessionToken: given.get('session_token'),
  };
}

function parseBucket(bucket: string): string {
  if (/--x-s3$/.test(bucket)) {
    throw settingsInvalid(`setting [bucket] names a directory bucket: [${bucket}]; it lists objects in no order`);
  }
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes('..') && isIP(bucket) === 0) return bucket;
  throw settingsInvalid(
    `setting [bucket] is not a bucket name: [${bucket}]; 3 to 63 lower-case letters, digits, dots and hyphens`,
  );
}

function parseRegion(region: string | undefined): string | undefined {
  if (region === undefined || /^[a-z0-9-]{1,40}$/.test(region)) return region;
  throw settingsInvalid(`setting [region] is not a region: [${region}]`);
}

function regionOfHost(host: string): string | undefined {
  return /^s3[.-](?:dualstack\.)?([a-z]{2}-[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
}

/** Returns whether `bucket.host` can be expected to resolve, with a certificate that covers it. */
function resolvesBuckets(host: string, bucket: string): boolean {
  const isLocal = !host.includes('.') || /\.(localhost|local|internal|svc)$/.test(host);
  return isIP(host.replace(/^\[|\]$/g, '')) === 0 && !isLocal && !bucket.includes('.');
}

function flag(name: string, given: GivenSettings): boolean {
  return oneOf(name, given.get(name) ?? 'false', ['true', 'false']) === 'true';
}

function oneOf<Value extends string>(name: string, value: string, values: readonly Value[]): Value {
  const found = values.find((one) => one === value);
  if (found !== undefined) return found;
  throw settingsInvalid(`setting [${name}] is [${value}]; it can be [${values.join(', ')}]`);
}
