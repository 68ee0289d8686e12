import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { type ErrorDetails, SnapkeepError } from '../../contracts/errors';

/** The address of a cluster and the credentials for it. */
export interface ClusterSettings {
  /** `http(s)://host[:port][/prefix]`; credentials in it are used and never shown. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** The encoded form that Elasticsearch returns. */
  readonly apiKey?: string;
  /** Path of a PEM file: the certificate of the authority that signed the cluster's certificate. */
  readonly caFile?: string;
  /** The largest number of connections. @default 24 */
  readonly connections?: number;
}

/** The parsed settings, which every client of the cluster needs. */
export interface Connection {
  readonly origin: string;
  /** Host and port, as the `host` header names them. */
  readonly host: string;
  /** Whether the connection is encrypted. */
  readonly isSecure: boolean;
  /** Precedes every path; has no slash at its end. */
  readonly prefix: string;
  /** Origin and prefix to show, without credentials. */
  readonly address: string;
  /** The value of the `authorization` header; undefined without credentials. */
  readonly authorization: string | undefined;
  readonly ca: Buffer | undefined;
}

/** Parses the settings. Throws `illegal_argument_exception` when they are invalid; messages hold no credentials. */
export function connectionTo(settings: ClusterSettings): Connection {
  const url = parseUrl(settings.url);
  const prefix = url.pathname.replace(/\/+$/, '');
  return {
    origin: url.origin,
    host: url.host,
    isSecure: url.protocol === 'https:',
    prefix,
    address: url.origin + prefix,
    authorization: authorizationOf(settings, url),
    ca: settings.caFile === undefined ? undefined : readCa(settings.caFile),
  };
}

/** The limits of a connection pool. */
interface PoolOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Limit until the first byte of an answer; 0 is no limit. */
  readonly headersTimeoutMs: number;
  /** Limit between two parts of a body; 0 is no limit. */
  readonly bodyTimeoutMs: number;
}

/** Opens a pool of connections to the cluster. A connection carries one request at a time. */
export function openPool({ origin, ca }: Connection, options: PoolOptions): Pool {
  return new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    // Clusters and proxies before them keep idle connections longer than this.
    keepAliveTimeout: 30_000,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    connect: { timeout: options.connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
  });
}

function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // The text is not repeated, because it may hold a password.
    throw new SnapkeepError('illegal_argument_exception', 'the cluster URL is not a URL such as http://localhost:9200');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SnapkeepError('illegal_argument_exception', `the cluster URL must start with http:// or https://`);
  }
  return url;
}

function authorizationOf(settings: ClusterSettings, url: URL): string | undefined {
  if (settings.apiKey !== undefined) return `ApiKey ${settings.apiKey}`;
  const username = settings.username ?? decodeURIComponent(url.username);
  const password = settings.password ?? decodeURIComponent(url.password);
  if (username === '') return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function readCa(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    const details: ErrorDetails = { file };
    throw new SnapkeepError('illegal_argument_exception', `the certificate file ${file} cannot be read`, {
      details,
      cause,
    });
  }
}
