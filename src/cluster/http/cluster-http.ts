import { type Dispatcher, type Pool } from 'undici';
import { SnapkeepError } from '../../contracts/errors';
import { connectionFailure, responseFailure } from './cluster-failures';
import { type ClusterSettings, connectionTo, openPool } from './connection';

/** One request to the cluster. */
export interface ClusterRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Encoded path that begins with `/`, without the query. */
  readonly path: string;
  /** Parameters; those with the value `undefined` are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: string | Buffer;
  /** @default application/json */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Bytes of the largest accepted body. @default 64 MB */
  readonly maxBytes?: number;
  /** Returns whether a status is an answer; other statuses are thrown. @default all below 400 are */
  readonly accept?: (status: number) => boolean;
  /** Ms until the first byte of the answer. @default 120 s */
  readonly headersTimeout?: number;
}

/** A complete response. */
export interface ClusterResponse {
  readonly status: number;
  /**
   * The body owns its memory and fills at least half of it, so that it can be transferred to another thread. Or its
   * memory is lent (see `lend`): whoever has used the body gives it back.
   */
  readonly body: Buffer;
}

/** Reports a response larger than `maxBytes`. Readers then ask for less; elsewhere the code is `cluster_rejected`. */
export class ResponseTooLargeError extends SnapkeepError {
  constructor(
    readonly what: string,
    readonly maxBytes: number,
  ) {
    super('cluster_rejected', `the answer to ${what} is larger than ${maxBytes} bytes`, { details: { maxBytes } });
    this.name = 'ResponseTooLargeError';
  }
}

/** Largest number of connections if the settings name none. */
export const DEFAULT_CONNECTIONS = 24;
/** Largest accepted body if a request names none. */
export const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
/** Limits of every request, ms. */
export const TIMES = { connectMs: 10_000, headersMs: 120_000, bodyMs: 60_000 } as const;

/**
 * One pool of HTTP connections to the cluster. A request is sent once: only callers retry, because stacked retries
 * multiply. Every failure is a `SnapkeepError` of the catalogue, but an aborted request throws the signal's reason.
 */
export class ClusterHttp {
  /** The address to show, without credentials. */
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
      connectTimeoutMs: TIMES.connectMs,
      headersTimeoutMs: TIMES.headersMs,
      bodyTimeoutMs: TIMES.bodyMs,
    });
  }

  /** Sends a request and returns the response. Throws when `accept` refuses the status. */
  async request(request: ClusterRequest): Promise<ClusterResponse> {
    const response = await this.send(request);
    const accept = request.accept ?? below400;
    if (!accept(response.status)) {
      throw responseFailure(`${request.method} ${request.path}`, response.status, response.body);
    }
    return response;
  }

  /** Sends a request and parses the response as JSON. Throws `cluster_unavailable` when it is not JSON. */
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

  /** Closes idle connections immediately, and the others when their requests have ended. */
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
          headersTimeout: request.headersTimeout ?? TIMES.headersMs,
        },
        {
          onRequestStart(started) {
            controller = started;
            if (settled) started.abort(new Error('aborted'));
          },
          onResponseStart(_controller, statusCode, headers) {
            if (statusCode < 200) return;
            status = statusCode;
            if (!endIsKnown(statusCode, method, headers)) return fail(endUnknown(what));
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

/** Collects a body, in one allocation if its length is announced. */
class BodyCollector {
  private whole: Buffer<ArrayBuffer> | undefined;
  private chunks: Buffer[] = [];
  private length = 0;

  constructor(private readonly maxBytes: number) {}

  /** Returns whether the announced length is acceptable. */
  expect(contentLength: string | string[] | undefined): boolean {
    const announced = Number(contentLength);
    if (!Number.isSafeInteger(announced) || announced < 0) return true;
    if (announced > this.maxBytes) return false;
    this.whole = Buffer.allocUnsafeSlow(announced);
    return true;
  }

  /** Adds a chunk. Returns false if there is no room for it. */
  add(chunk: Buffer): boolean {
    if (this.length + chunk.length > (this.whole?.length ?? this.maxBytes)) return false;
    if (this.whole) chunk.copy(this.whole, this.length);
    else this.chunks.push(chunk);
    this.length += chunk.length;
    return true;
  }

  /** Returns the collected body. */
  take(): Buffer<ArrayBuffer> {
    if (this.whole?.length === this.length) return this.whole;
    const whole = Buffer.allocUnsafeSlow(this.length);
    let at = 0;
    for (const chunk of this.chunks) at += chunk.copy(whole, at);
    return whole;
  }
}

/**
 * Returns whether a complete body can be recognised (RFC 9112 §6.3): there is none, or it has a length or chunks.
 * Otherwise the body ends with the connection and a cut body looks complete. A cut page of documents must not pass.
 */
function endIsKnown(
  status: number,
  method: ClusterRequest['method'],
  headers: Readonly<Record<string, string | string[] | undefined>>,
): boolean {
  if (method === 'HEAD' || status === 204 || status === 304) return true;
  return headers['content-length'] !== undefined || /chunked$/i.test(String(headers['transfer-encoding'] ?? ''));
}

/** Returns the error for a body whose end is not announced. */
export function endUnknown(what: string): SnapkeepError {
  return new SnapkeepError(
    'cluster_unavailable',
    `[${what}] was answered without [Content-Length] and not in chunks, so that a cut body looks complete; is an HTTP/1.0 proxy in between?`,
  );
}

function below400(status: number): boolean {
  return status < 400;
}

/** Returns the error that an aborted request throws: the signal's reason, if the reason is an error. */
export function abortReason(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new DOMException('The operation was aborted', 'AbortError');
}

/** Returns `?…` with the defined parameters; empty if there are none. */
export function queryString(query: ClusterRequest['query']): string {
  if (!query) return '';
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parts.push(`${name}=${encodeURIComponent(String(value))}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
