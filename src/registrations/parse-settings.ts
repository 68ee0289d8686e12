/**
 * What a registration may say. Names of settings are those of the Alibaba plugin (`oss`) and of Elasticsearch (`fs`);
 * anything else is refused by name, since a misspelt setting silently ignored is found out at restore time.
 */
import path from 'node:path';
import { SnapkeepError } from '../contracts/errors';
import { type RepositorySecrets, type StoreSettings, type WriteSettings } from '../contracts/repository-settings';
import { parseBoolean, parseByteSize } from '../elasticsearch/values';

/** Where repositories may lie. */
export interface StorePolicy {
  /** Absolute roots of `fs` repositories; a relative `location` is under the first. */
  readonly pathRepo: readonly string[];
  /** Hosts an `endpoint` may name: `host`, `host:port`, `*.suffix`, `loopback`. */
  readonly allowedEndpoints: readonly string[];
}

export interface ParsedSettings {
  readonly store: StoreSettings;
  readonly write: WriteSettings;
  /** The settings as they may be shown: as given, without secrets. */
  readonly shown: Readonly<Record<string, string>>;
  readonly secrets?: RepositorySecrets;
}

const MEGABYTE = 1024 * 1024;
/** Bytes of the longest value, and of all names and values: every registration travels in payloads of Temporal. */
const MAX_VALUE_BYTES = 4 * 1024;
const MAX_SETTINGS_BYTES = 16 * 1024;
/** Characters of a name that an error repeats. */
const MAX_SHOWN = 100;
/** As the Alibaba plugin: default and largest 1 GB. The smallest keeps an object count in the millions impossible. */
const CHUNK_SIZE = { min: MEGABYTE, max: 1024 * MEGABYTE } as const;

const COMMON = ['chunk_size', 'compress', 'max_snapshot_bytes_per_sec', 'max_restore_bytes_per_sec', 'readonly'];
const SECRET = ['access_key_id', 'secret_access_key', 'security_token'];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  oss: [...COMMON, ...SECRET, 'endpoint', 'bucket', 'base_path', 'region'],
  fs: [...COMMON, 'location'],
};

/**
 * Checks `settings` of a repository of `type` against `policy`. Pure: touches neither store nor disk.
 * Throws `repository_settings_invalid` (unknown type or setting, missing, forbidden or too long a value) or
 * `illegal_argument_exception` (a value that can't be parsed); no message holds a secret.
 */
export function parseRepositorySettings(
  type: string,
  settings: Readonly<Record<string, unknown>>,
  policy: StorePolicy,
): ParsedSettings {
  const known = Object.hasOwn(KNOWN, type) ? KNOWN[type] : undefined;
  if (known === undefined) {
    throw invalid(
      `repository type [${type.slice(0, MAX_SHOWN)}] does not exist; known types are [${Object.keys(KNOWN).join(', ')}]`,
    );
  }
  const given = new Map<string, string>();
  let bytes = 0;
  for (const [name, value] of Object.entries(settings)) {
    if (!known.includes(name)) {
      throw invalid(
        `unknown setting [${name.slice(0, MAX_SHOWN)}] of repository type [${type}]; known are [${[...known].sort().join(', ')}]`,
      );
    }
    if (value === null) continue;
    if (typeof value === 'object') throw invalid(`setting [${name}] must be a single value`);
    const text = String(value as string | number | boolean);
    const length = Buffer.byteLength(text);
    if (length > MAX_VALUE_BYTES) {
      throw invalid(`setting [${name}] has [${length}] bytes, and [${MAX_VALUE_BYTES}] are the most`);
    }
    bytes += name.length + length;
    given.set(name, text);
  }
  if (bytes > MAX_SETTINGS_BYTES) {
    throw invalid(`the settings have [${bytes}] bytes, and [${MAX_SETTINGS_BYTES}] are the most`);
  }
  const write = parseWrite(given);
  const shown = Object.fromEntries([...given].filter(([name]) => !SECRET.includes(name)));
  return type === 'oss'
    ? { store: parseOss(given, policy), write, shown, secrets: parseSecrets(given) }
    : { store: parseFs(given, policy), write, shown };
}

function parseWrite(given: ReadonlyMap<string, string>): WriteSettings {
  const size = (name: string): number | undefined => {
    const value = given.get(name);
    if (value === undefined) return undefined;
    const bytes = parseByteSize(name, value);
    // Elasticsearch: 0 switches a throttle off.
    return bytes === 0 ? undefined : bytes;
  };
  const chunkSizeBytes = given.has('chunk_size') ? (size('chunk_size') ?? 0) : CHUNK_SIZE.max;
  if (chunkSizeBytes < CHUNK_SIZE.min || chunkSizeBytes > CHUNK_SIZE.max) {
    throw invalid(
      `failed to parse value [${given.get('chunk_size') ?? ''}] for setting [chunk_size], must be >= [1mb] and <= [1gb]`,
    );
  }
  return {
    chunkSizeBytes,
    compress: parseBoolean('compress', given.get('compress') ?? 'true'),
    maxSnapshotBytesPerSec: size('max_snapshot_bytes_per_sec'),
    maxRestoreBytesPerSec: size('max_restore_bytes_per_sec'),
    readonly: parseBoolean('readonly', given.get('readonly') ?? 'false'),
  };
}

function parseOss(given: ReadonlyMap<string, string>, policy: StorePolicy): StoreSettings {
  const bucket = required(given, 'bucket');
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw invalid(`setting [bucket] is not a bucket name: [${bucket}]; 3 to 63 lower-case letters, digits and hyphens`);
  }
  const region = given.get('region');
  if (region !== undefined && !/^[a-z0-9-]{2,40}$/.test(region))
    throw invalid(`setting [region] is not a region: [${region}]`);
  const basePath = (given.get('base_path') ?? '').replace(/^\/+|\/+$/g, '');
  if (
    basePath !== '' &&
    !basePath.split('/').every((part) => /^[A-Za-z0-9._-]+$/.test(part) && part !== '.' && part !== '..')
  ) {
    throw invalid(`setting [base_path] may hold letters, digits, [._-] and [/] only: [${basePath}]`);
  }
  return { type: 'oss', endpoint: parseEndpoint(required(given, 'endpoint'), policy), bucket, basePath, region };
}

function parseSecrets(given: ReadonlyMap<string, string>): RepositorySecrets {
  return {
    accessKeyId: required(given, 'access_key_id'),
    secretAccessKey: required(given, 'secret_access_key'),
    securityToken: given.get('security_token'),
  };
}

function parseEndpoint(value: string, policy: StorePolicy): string {
  let url: URL;
  try {
    url = new URL(/^https?:\/\//i.test(value) ? value : `https://${value}`);
  } catch {
    throw invalid(`setting [endpoint] is not a URL: [${value}]; write it as [https://oss-cn-hangzhou.aliyuncs.com]`);
  }
  if (url.pathname !== '/' || url.search !== '' || url.username !== '' || url.password !== '') {
    throw invalid('setting [endpoint] may hold scheme, host and port only');
  }
  if (!policy.allowedEndpoints.some((pattern) => admits(pattern.trim().toLowerCase(), url))) {
    throw invalid(
      `setting [endpoint] names host [${url.hostname}], which is not allowed here; SNAPKEEP_ALLOWED_ENDPOINTS admits [${policy.allowedEndpoints.join(', ')}]`,
    );
  }
  return url.origin;
}

function admits(pattern: string, url: URL): boolean {
  const host = url.hostname.toLowerCase();
  if (pattern === 'loopback') return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
  return pattern === host || pattern === url.host.toLowerCase();
}

function parseFs(given: ReadonlyMap<string, string>, policy: StorePolicy): StoreSettings {
  const value = required(given, 'location');
  if (policy.pathRepo.length === 0)
    throw invalid('repositories of type [fs] need SNAPKEEP_PATH_REPO, which is not set');
  const location = path.resolve(policy.pathRepo[0], value);
  const inside = policy.pathRepo.some(
    (root) => location === root || location.startsWith(root.endsWith(path.sep) ? root : root + path.sep),
  );
  if (!inside) {
    throw invalid(
      `location [${value}] doesn't match any of the locations specified by SNAPKEEP_PATH_REPO: [${policy.pathRepo.join(', ')}]`,
    );
  }
  return { type: 'fs', location };
}

function required(given: ReadonlyMap<string, string>, name: string): string {
  const value = given.get(name);
  if (value === undefined || value === '') throw invalid(`missing setting [${name}]`);
  return value;
}

function invalid(message: string): SnapkeepError {
  return new SnapkeepError('repository_settings_invalid', message);
}
