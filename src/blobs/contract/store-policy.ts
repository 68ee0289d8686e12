import { settingsInvalid } from './given-settings';

/** A role that a token in a file stands for, as Kubernetes hands them out. */
export interface TokenRole {
  readonly roleArn: string;
  readonly providerArn: string;
  readonly tokenFile: string;
}

/** What surrounds a process and hands out credentials to repositories that have none of their own. */
export interface StoreEnvironment {
  /** Address of the metadata service of the machine. */
  readonly metadataUrl: string;
  /** Address of the service that exchanges tokens for temporary keys. */
  readonly stsUrl: string;
  readonly role?: TokenRole;
}

/** Limits where repositories may lie. */
export interface StorePolicy {
  /** Absolute roots of repositories in folders. A relative location lies under the first. */
  readonly pathRepo: readonly string[];
  /** Hosts an `endpoint` may name: `host`, `host:port`, `*.suffix`, `loopback`. */
  readonly allowedEndpoints: readonly string[];
  /** Unset: every repository has to have credentials of its own. */
  readonly environment?: StoreEnvironment;
}

/** Throws `repository_settings_invalid` unless `policy` allows the host of `endpoint`. */
export function assertEndpointAllowed(endpoint: URL, { allowedEndpoints }: StorePolicy): void {
  if (allowedEndpoints.some((pattern) => matchesHost(pattern.trim().toLowerCase(), endpoint))) return;
  throw settingsInvalid(
    `setting [endpoint] names host [${endpoint.hostname}], which is not allowed here; SNAPKEEP_ALLOWED_ENDPOINTS admits [${allowedEndpoints.join(', ')}]`,
  );
}

function matchesHost(pattern: string, url: URL): boolean {
  const host = url.hostname.toLowerCase();
  if (pattern === 'loopback') return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1;
  return pattern === host || pattern === url.host.toLowerCase();
}
