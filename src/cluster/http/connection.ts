import { readFileSync } from 'node:fs';
import { Pool } from 'undici';
import { type ErrorDetails, SnapkeepError } from '../../contracts/errors';

/** Where the cluster is and how to be let in. */
export interface ClusterSettings {
  /** `http(s)://host[:port][/prefix]`; credentials in it are used and never shown. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** The encoded form, as Elasticsearch gives it out. */
  readonly apiKey?: string;
  /** PEM file of the authority that signed the cluster's certificate. */
  readonly caFile?: string;
  /** Connections at most. @default 24 */
  readonly connections?: number;
}

/** The settings taken apart: what every client of the cluster needs to reach it and to be let in. */
export interface Connection {
  readonly origin: string;
  /** Path before every path, without a slash at its end. */
  readonly prefix: string;
  /** For people: origin and prefix, no credentials. */
  readonly address: string;
  /** The header that lets requests in; undefined without credentials. */
  readonly authorization: string | undefined;
  readonly ca: Buffer | undefined;
}

/** Throws `illegal_argument_exception` for settings that no cluster can be reached by; never shows credentials. */
export function connectionTo(settings: ClusterSettings): Connection {
  const url = parseUrl(settings.url);
  const prefix = url.pathname.replace(/\/+$/, '');
  return {
    origin: url.origin,
    prefix,
    address: url.origin + prefix,
    authorization: authorizationOf(settings, url),
    ca: settings.caFile === undefined ? undefined : readCa(settings.caFile),
  };
}

export interface PoolOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  /** Until the first byte of an answer; 0: no limit. */
  readonly headersTimeoutMs: number;
  /** Between two parts of a body; 0: no limit. */
  readonly bodyTimeoutMs: number;
}

/** Connections to the cluster, each with one request at a time. */
export function openPool({ origin, ca }: Connection, options: PoolOptions): Pool {
  return new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    // Less than clusters and the proxies before them keep an idle connection.
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
    // The text may hold a password: it is not repeated.
    throw new SnapkeepError('illegal_argument_exception', 'The cluster URL is not a URL such as http://localhost:9200');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new SnapkeepError('illegal_argument_exception', `The cluster URL must start with http:// or https://`);
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
    throw new SnapkeepError('illegal_argument_exception', `The certificate file ${file} cannot be read`, {
      details,
      cause,
    });
  }
}
