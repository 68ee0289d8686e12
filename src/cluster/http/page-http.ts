import { isSnapkeepError } from '../../contracts/errors';
import { connectionFailure, responseFailure } from './cluster-failures';
import {
  abortReason,
  type ClusterRequest,
  type ClusterResponse,
  DEFAULT_CONNECTIONS,
  DEFAULT_MAX_BYTES,
  queryString,
  TIMES,
} from './cluster-http';
import { type ClusterSettings, type Connection, connectionTo } from './connection';
import { PageConnection } from './page-connection';
import { ResponseReader } from './response-reader';

/** Ms after which an unused connection is closed. Clusters and proxies before them keep such connections longer. */
const UNUSED_MS = 30_000;
/** Ms by which a connection is given up before the server closes it. */
const BEFORE_CLOSE_MS = 1_000;

type PageRequest = ClusterRequest & { readonly signal: AbortSignal };

interface Unused {
  readonly connection: PageConnection;
  readonly timer: NodeJS.Timeout;
}

/**
 * Sends requests whose answers are large. It promises the same as `ClusterHttp`, but receives each body in the memory
 * where it stays. The client library of `ClusterHttp` copies each body twice and leaves its memory, 64 KiB at a time,
 * to the garbage collector.
 */
export class PageHttp {
  private readonly connection: Connection;
  private readonly unused: Unused[] = [];
  private readonly waiting: (() => void)[] = [];
  private free: number;

  constructor(settings: ClusterSettings) {
    this.connection = connectionTo(settings);
    this.free = settings.connections ?? DEFAULT_CONNECTIONS;
  }

  /**
   * Sends a request and returns the response. Throws when the status is 400 or more.
   *
   * @param allocate returns the memory for a body of known length.
   */
  async request(request: PageRequest, allocate?: (bytes: number) => Buffer): Promise<ClusterResponse> {
    const { method, path, signal } = request;
    const what = `${method} ${path}`;
    if (this.free > 0) this.free--;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      const response = await this.exchange(request, what, allocate);
      if (response.status >= 400) throw responseFailure(what, response.status, response.body);
      return response;
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      throw isSnapkeepError(error) ? error : connectionFailure(what, this.connection.address, error as Error);
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free++;
      else next();
    }
  }

  private async exchange(request: PageRequest, what: string, allocate?: (bytes: number) => Buffer) {
    const { signal } = request;
    if (signal.aborted) throw abortReason(signal);
    const connection = this.take();
    const { memoryOfHead } = connection;
    const reader = new ResponseReader(
      what,
      request.method,
      request.maxBytes ?? DEFAULT_MAX_BYTES,
      memoryOfHead,
      allocate,
    );
    const abort = (): void => connection.end(abortReason(signal));
    signal.addEventListener('abort', abort, { once: true });
    try {
      await connection.send(this.headOf(request), request.body ?? '', reader);
    } finally {
      signal.removeEventListener('abort', abort);
    }
    const { status, keepAliveMs } = reader.head!;
    const unusedMs = Math.min(UNUSED_MS, keepAliveMs - BEFORE_CLOSE_MS);
    if (unusedMs > 0 && connection.isReusable(reader)) this.keep(connection, unusedMs);
    else connection.end(new Error('not kept'));
    return { status, body: reader.takeBody() };
  }

  private take(): PageConnection {
    const last = this.unused.pop();
    if (last !== undefined) {
      clearTimeout(last.timer);
      return last.connection;
    }
    const opened: PageConnection = new PageConnection(this.connection, TIMES, () => this.forget(opened));
    return opened;
  }

  private keep(connection: PageConnection, ms: number): void {
    const timer = setTimeout(() => connection.end(new Error('unused')), ms);
    this.unused.push({ connection, timer });
  }

  private forget(connection: PageConnection): void {
    const place = this.unused.findIndex((one) => one.connection === connection);
    if (place >= 0) clearTimeout(this.unused.splice(place, 1)[0]!.timer);
  }

  private headOf({ method, path, query, body, contentType }: ClusterRequest): string {
    const { prefix, host, authorization } = this.connection;
    const lines = [
      `${method} ${prefix}${path}${queryString(query)} HTTP/1.1`,
      `host: ${host}`,
      'accept: application/json',
    ];
    if (authorization !== undefined) lines.push(`authorization: ${authorization}`);
    if (body !== undefined) {
      lines.push(`content-type: ${contentType ?? 'application/json'}`, `content-length: ${Buffer.byteLength(body)}`);
    }
    return `${lines.join('\r\n')}\r\n\r\n`;
  }
}
