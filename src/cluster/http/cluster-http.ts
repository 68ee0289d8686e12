import { type Dispatcher, type Pool } from 'undici';
import { SnapkeepError } from '../../contracts/errors';
import { connectionFailure, responseFailure } from './cluster-failures';
import { type ClusterSettings, connectionTo, openPool } from './connection';

export interface ClusterRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Encoded, from `/` on, without the query. */
  readonly path: string;
  /** `undefined` leaves a parameter out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: string | Buffer;
  /** @default application/json */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Largest body taken. @default 64 MB */
  readonly maxBytes?: number;
  /** Statuses that are an answer here; any other one is thrown. @default all below 400 */
  readonly accept?: (status: number) => boolean;
  /** Ms until the first byte of the answer. @default 120 s */
  readonly headersTimeout?: number;
}

export interface ClusterResponse {
  readonly status: number;
  /** Owns its memory, so that it can be transferred to another thread. */
  readonly body: Buffer<ArrayBuffer>;
}

/** The answer outgrew `maxBytes`. Readers ask for less; elsewhere it ends as `cluster_rejected`. */
export class ResponseTooLargeError extends SnapkeepError {
  constructor(
    readonly what: string,
    readonly maxBytes: number,
  ) {
    super('cluster_rejected', `The answer to ${what} is larger than ${maxBytes} bytes`, { details: { maxBytes } });
    this.name = 'ResponseTooLargeError';
  }
}

const DEFAULT_CONNECTIONS = 24;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const CONNECT_TIMEOUT = 10_000;
const HEADERS_TIMEOUT = 120_000;
const BODY_TIMEOUT = 60_000;

/**
 * One HTTP connection pool to the cluster. Requests are sent once: whether to try again is the caller's business
 * (one layer retries). Every failure is a `SnapkeepError` of the catalogue, except that an aborted request throws the
 * signal's reason.
 */
export class ClusterHttp {
  /** The address as shown to people: no credentials. */
  readonly address: string;
  private readonly pool: Pool;
  private readonly prefix: string;
  private readonly authorization: string | undefined;

  constructor(settings: ClusterSettings) {
    const connection = connectionTo(settings);
    this.prefix = connection.prefix;
    this.address = connection.address;
    this.authorization = connection.authorization;
    this.pool = openPool(connection, {
      connections: settings.connections ?? DEFAULT_CONNECTIONS,
      connectTimeoutMs: CONNECT_TIMEOUT,
      headersTimeoutMs: HEADERS_TIMEOUT,
      bodyTimeoutMs: BODY_TIMEOUT,
    });
  }

  async request(request: ClusterRequest): Promise<ClusterResponse> {
    const response = await this.send(request);
    const accept = request.accept ?? below400;
    if (!accept(response.status)) {
      throw responseFailure(`${request.method} ${request.path}`, response.status, response.body);
    }
    return response;
  }

  /** A request whose answer is small JSON. */
  async json<T>(request: ClusterRequest): Promise<T> {
    const { body } = await this.request(request);
    try {
      return JSON.parse(body.toString('utf8')) as T;
    } catch (cause) {
      throw new SnapkeepError(
        'cluster_unavailable',
        `${request.method} ${request.path} was answered with something that is not JSON; is ${this.address} a cluster?`,
        { cause },
      );
    }
  }

  /** Ends idle connections at once and waits for running requests. */
  async close(): Promise<void> {
    await this.pool.close();
  }

  private send(request: ClusterRequest): Promise<ClusterResponse> {
    const { method, path, signal } = request;
    const what = `${method} ${path}`;
    const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(abortReason(signal));
        return;
      }
      let controller: Dispatcher.DispatchController | undefined;
      let settled = false;
      const onAbort = () => fail(abortReason(signal as AbortSignal));
      const settle = () => {
        settled = true;
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: Error) => {
        if (settled) return;
        settle();
        controller?.abort(error);
        reject(error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const collector = new BodyCollector(maxBytes);
      let status = 0;
      this.pool.dispatch(
        {
          method,
          path: this.prefix + path + queryString(request.query),
          headers: this.headers(request),
          body: request.body ?? null,
          headersTimeout: request.headersTimeout ?? HEADERS_TIMEOUT,
        },
        {
          onRequestStart(started) {
            controller = started;
            if (settled) started.abort(new Error('aborted'));
          },
          onResponseStart(_controller, statusCode, headers) {
            if (statusCode < 200) return;
            status = statusCode;
            if (!endIsTold(statusCode, method, headers)) return fail(endUnknown(what));
            if (!collector.expect(headers['content-length'])) fail(new ResponseTooLargeError(what, maxBytes));
          },
          onResponseData(_controller, chunk) {
            if (!settled && !collector.add(chunk)) fail(new ResponseTooLargeError(what, maxBytes));
          },
          onResponseEnd() {
            if (settled) return;
            settle();
            resolve({ status, body: collector.take() });
          },
          onResponseError: (_controller, error) => fail(connectionFailure(what, this.address, error)),
        },
      );
    });
  }

  private headers(request: ClusterRequest): Record<string, string> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    if (this.authorization !== undefined) headers.authorization = this.authorization;
    return headers;
  }
}

/** Collects a body in one allocation where its length is announced. */
class BodyCollector {
  private whole: Buffer<ArrayBuffer> | undefined;
  private chunks: Buffer[] = [];
  private length = 0;

  constructor(private readonly maxBytes: number) {}

  /** Whether the announced length is acceptable. */
  expect(contentLength: string | string[] | undefined): boolean {
    const announced = Number(contentLength);
    if (!Number.isSafeInteger(announced) || announced < 0) return true;
    if (announced > this.maxBytes) return false;
    this.whole = Buffer.allocUnsafeSlow(announced);
    return true;
  }

  /** Whether there was room for the chunk. */
  add(chunk: Buffer): boolean {
    if (this.length + chunk.length > (this.whole?.length ?? this.maxBytes)) return false;
    if (this.whole) chunk.copy(this.whole, this.length);
    else this.chunks.push(chunk);
    this.length += chunk.length;
    return true;
  }

  take(): Buffer<ArrayBuffer> {
    if (this.whole?.length === this.length) return this.whole;
    const whole = Buffer.allocUnsafeSlow(this.length);
    let at = 0;
    for (const chunk of this.chunks) at += chunk.copy(whole, at);
    return whole;
  }
}

/**
 * Whether it will be known that the body is whole (RFC 9112 §6.3): it has none, or a length, or chunks with an end. A
 * body that ends with the connection looks the same when it was cut, and a cut page of documents must not pass.
 */
function endIsTold(
  status: number,
  method: ClusterRequest['method'],
  headers: Readonly<Record<string, string | string[] | undefined>>,
): boolean {
  if (method === 'HEAD' || status === 204 || status === 304) return true;
  return headers['content-length'] !== undefined || /chunked$/i.test(String(headers['transfer-encoding'] ?? ''));
}

function endUnknown(what: string): SnapkeepError {
  return new SnapkeepError(
    'cluster_unavailable',
    `${what} was answered without Content-Length and not in chunks, so that nobody can tell whether it is whole; is an HTTP/1.0 proxy in between?`,
  );
}

function below400(status: number): boolean {
  return status < 400;
}

/** What an aborted request throws. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException('The operation was aborted', 'AbortError');
}

function queryString(query: ClusterRequest['query']): string {
  if (!query) return '';
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parts.push(`${name}=${encodeURIComponent(String(value))}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
