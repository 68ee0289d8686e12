/** The settings of an `oss` repository, named as in the Alibaba plugin. */
import { parseBasePath } from '../contract/base-path';
import { parseEndpoint } from '../contract/endpoint';
import { type GivenSettings, requiredSetting, settingsInvalid } from '../contract/given-settings';
import { type StorePolicy } from '../contract/store-policy';

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
  /** RAM role of the machine, whose temporary keys are used in place of keys of the repository. */
  readonly ecsRamRole?: string;
}

/** Credentials of an `oss` repository. */
export interface OssSecrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** STS token that goes with temporary keys. */
  readonly securityToken?: string;
}

/** Names of the settings of {@link parseOssSecrets}. */
export const SECRETS: readonly string[] = ['access_key_id', 'secret_access_key', 'security_token'];

/** Parses the settings that say where an `oss` repository is. Throws `repository_settings_invalid`. */
export function parseOssSettings(given: GivenSettings, policy: StorePolicy): OssSettings {
  return {
    type: 'oss',
    bucket: parseBucket(requiredSetting(given, 'bucket')),
    region: parseRegion(given.get('region')),
    ...parseRole(given.get('ecs_ram_role')),
    basePath: parseBasePath(given.get('base_path') ?? ''),
    endpoint: parseEndpoint(requiredSetting(given, 'endpoint'), policy, {
      protocol: 'https',
      example: 'https://oss-cn-hangzhou.aliyuncs.com',
    }),
  };
}

/**
 * Parses the credentials of an `oss` repository; undefined if it has none and its environment hands them out. Throws
 * `repository_settings_invalid` when a key is missing.
 */
export function parseOssSecrets(given: GivenSettings, { environment }: StorePolicy): OssSecrets | undefined {
  const hasKeys = SECRETS.some((name) => given.has(name));
  const hasRole = given.has('ecs_ram_role');
  if (hasKeys && hasRole) throw settingsInvalid('setting [ecs_ram_role] stands for keys, and keys are given too');
  if (!hasKeys && (hasRole || environment?.role !== undefined)) return undefined;
  return {
    accessKeyId: requiredSetting(given, 'access_key_id'),
    secretAccessKey: requiredSetting(given, 'secret_access_key'),
    securityToken: given.get('security_token'),
  };
}

function parseRole(role: string | undefined): { ecsRamRole?: string } {
  if (role === undefined) return {};
  if (/^[A-Za-z0-9.@_-]{1,64}$/.test(role)) return { ecsRamRole: role };
  throw settingsInvalid(`setting [ecs_ram_role] is not the name of a RAM role: [${role}]`);
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
