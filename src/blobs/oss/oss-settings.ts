/** The settings of an `oss` repository, named as in the Alibaba plugin. */
import { type GivenSettings, requiredSetting, settingsInvalid } from '../contract/given-settings';
import { assertEndpointAllowed, type StorePolicy } from '../contract/store-policy';

/** Says where an `oss` repository is. */
export interface OssSettings {
  readonly type: 'oss';
  /** `http(s)://host[:port]`. */
  readonly endpoint: string;
  readonly bucket: string;
  /** Key prefix without leading or trailing `/`; '' is the bucket's root. */
  readonly basePath: string;
  /** Region for V4 signatures, such as `oss-cn-hangzhou`. Unset: taken from the endpoint, else V1 signatures. */
  readonly region?: string;
}

/** Credentials of an `oss` repository. */
export interface OssSecrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** STS token that goes with temporary keys. */
  readonly securityToken?: string;
}

/** Parses the settings that say where an `oss` repository is. Throws `repository_settings_invalid`. */
export function parseOssSettings(given: GivenSettings, policy: StorePolicy): OssSettings {
  return {
    type: 'oss',
    bucket: parseBucket(requiredSetting(given, 'bucket')),
    region: parseRegion(given.get('region')),
    basePath: parseBasePath(given.get('base_path') ?? ''),
    endpoint: parseEndpoint(requiredSetting(given, 'endpoint'), policy),
  };
}

/** Parses the credentials of an `oss` repository. Throws `repository_settings_invalid` when a key is missing. */
export function parseOssSecrets(given: GivenSettings): OssSecrets {
  return {
    accessKeyId: requiredSetting(given, 'access_key_id'),
    secretAccessKey: requiredSetting(given, 'secret_access_key'),
    securityToken: given.get('security_token'),
  };
}

function parseBucket(bucket: string): string {
  if (/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) return bucket;
  throw settingsInvalid(
    `setting [bucket] is not a bucket name: [${bucket}]; 3 to 63 lower-case letters, digits and hyphens`,
  );
}

function parseRegion(region: string | undefined): string | undefined {
  if (region === undefined || /^[a-z0-9-]{2,40}$/.test(region)) return region;
  throw settingsInvalid(`setting [region] is not a region: [${region}]`);
}

function parseBasePath(value: string): string {
  const basePath = value.replace(/^\/+|\/+$/g, '');
  const isPart = (part: string): boolean => /^[A-Za-z0-9._-]+$/.test(part) && part !== '.' && part !== '..';
  if (basePath === '' || basePath.split('/').every(isPart)) return basePath;
  throw settingsInvalid(`setting [base_path] may hold letters, digits, [._-] and [/] only: [${basePath}]`);
}

function parseEndpoint(value: string, policy: StorePolicy): string {
  let url: URL;
  try {
    url = new URL(/^https?:\/\//i.test(value) ? value : `https://${value}`);
  } catch {
    throw settingsInvalid(
      `setting [endpoint] is not a URL: [${value}]; write it as [https://oss-cn-hangzhou.aliyuncs.com]`,
    );
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '' || url.password !== '') {
    throw settingsInvalid('setting [endpoint] may hold scheme, host and port only');
  }
  assertEndpointAllowed(url, policy);
  return url.origin;
}
