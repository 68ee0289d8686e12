import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pool } from 'undici';
import { type AnswerKind } from '../../cluster/dialect/answers';
import { type ClusterSettings, connectionTo, openPool } from '../../cluster/http/connection';
import { SnapkeepError } from '../../contracts/errors';
import { hasBody } from '../http/request-kind';
import { type Auth } from './auth';
import { callerHeaders } from './caller';
import { forwardedHeaders, returnedHeaders, setHeaders } from './forwarded-headers';

/** Ms to connect to the cluster. A caller must learn within five seconds that the cluster is down. */
const CONNECT_MS = 4_000;
/** Ms for the answer to a small question that Snapkeep asks. */
const ASK_MS = 4_000;
/** Ms for the answer in which the cluster says what it is. */
const KIND_MS = 1_000;
/** Ms before a cluster that did not say what it is gets asked again. */
const KIND_AGAIN_MS = 5_000;
/** Ms after which the cluster is asked again, because it can be upgraded. */
const KIND_KEPT_MS = 60_000;
const PRODUCT_HEADER = 'x-elastic-product';

/** A whole answer of the cluster. */
export interface UpstreamAnswer {
  readonly status: number;
  /** Headers by name, without those of the connection. */
  readonly headers: ReadonlyMap<string, string[]>;
  readonly body: Buffer;
}

/** A small request that Snapkeep sends in a caller's name. */
export interface Question {
  /** @default GET */
  readonly method?: string;
  readonly json?: object;
  /** Ms until the cluster counts as down. */
  readonly timeoutMs?: number;
}

/** Passes requests on to the cluster, and asks it in a caller's name. */
export class Upstream {
  private readonly pool: Pool;
  private readonly prefix: string;
  /** Snapkeep's own credentials; undefined when requests carry the caller's. */
  private readonly authorization: string | undefined;
  private product: { readonly header: string | undefined } | undefined;
  private kind: AnswerKind | undefined;
  private kindAsked = 0;

  constructor(settings: ClusterSettings, auth: Auth) {
    const connection = connectionTo(settings);
    this.prefix = connection.prefix;
    this.authorization = auth === 'none' ? connection.authorization : undefined;
    this.pool = openPool(connection, {
      connections: 256,
      connectTimeoutMs: CONNECT_MS,
      // No timeouts: the caller and the cluster decide how long a search or a force-merge may take.
      headersTimeoutMs: 0,
      bodyTimeoutMs: 0,
    });
  }

  /**
   * Streams a request to the path and query `target`, and streams the answer back, both with unchanged bytes. If the
   * cluster's answer breaks off, the caller's does too. Throws `cluster_unavailable` when the cluster does not answer.
   */
  async pass(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    const { headers, body } = await this.send(() =>
      this.pool
        .request({
          method: request.method as 'GET',
          path: this.prefix + target,
          headers: forwardedHeaders(request.rawHeaders, this.authorization),
          body: hasBody(request) ? leftOpen(request) : null,
          signal: closed.signal,
          responseHeaders: 'raw',
        })
        .then((answer) => {
          response.statusCode = answer.statusCode;
          return { headers: answer.headers as unknown as string[], body: answer.body };
        }),
    );
    const returned = returnedHeaders(headers);
    setHeaders(response, returned);
    const product = productOf(returned);
    if (product !== undefined) this.product = { header: product };
    try {
      await pipeline(body, response);
    } catch {
      // The caller must see that the body ends too soon, as it would without Snapkeep.
      response.destroy();
    }
  }

  /**
   * Asks a small question in the caller's name, and returns the whole answer with any status. Throws
   * `cluster_unavailable` when the cluster does not answer in time.
   */
  async ask(caller: IncomingMessage, target: string, question: Question = {}): Promise<UpstreamAnswer> {
    const { method = 'GET', json, timeoutMs = ASK_MS } = question;
    return this.send(async () => {
      const answer = await this.pool.request({
        method: method as 'GET',
        path: this.prefix + target,
        headers: [
          ...(this.authorization === undefined
            ? callerHeaders(caller.rawHeaders)
            : ['authorization', this.authorization]),
          ...['accept', 'application/json'],
          ...(json === undefined ? [] : ['content-type', 'application/json']),
        ],
        body: json === undefined ? null : JSON.stringify(json),
        signal: AbortSignal.timeout(timeoutMs),
        responseHeaders: 'raw',
      });
      const headers = returnedHeaders(answer.headers as unknown as string[]);
      if (answer.statusCode < 300) this.product = { header: productOf(headers) };
      return { status: answer.statusCode, headers, body: Buffer.from(await answer.body.arrayBuffer()) };
    });
  }

  /**
   * Returns product and version of the cluster; undefined when it has not said them to anybody yet. The question is
   * asked in the caller's name and never throws.
   */
  async kindFor(caller: IncomingMessage): Promise<AnswerKind | undefined> {
    const age = Date.now() - this.kindAsked;
    if (this.kind === undefined ? age > KIND_AGAIN_MS : age > KIND_KEPT_MS) {
      this.kindAsked = Date.now();
      const answer = await this.ask(caller, '/', { timeoutMs: KIND_MS }).catch(() => undefined);
      this.kind = (answer?.status === 200 ? kindIn(answer.body) : undefined) ?? this.kind;
    }
    return this.kind;
  }

  /**
   * Returns the `X-Elastic-Product` header of the cluster's latest answer, by which clients recognize Elasticsearch.
   * Undefined when the cluster sends none, or has not answered yet.
   */
  get productHeader(): string | undefined {
    return this.product?.header;
  }

  /** Closes all connections, those in use too. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }

  private async send<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      throw new SnapkeepError('cluster_unavailable', `the cluster does not answer: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** Sends the cluster's answer to the caller unchanged. */
export function relay(response: ServerResponse, { status, headers, body }: UpstreamAnswer): void {
  if (response.headersSent) return;
  response.statusCode = status;
  setHeaders(
    response,
    [...headers].filter(([name]) => name.toLowerCase() !== 'content-length'),
  );
  response.setHeader('content-length', body.length);
  response.end(body);
}

function kindIn(body: Buffer): AnswerKind | undefined {
  try {
    const { version } = JSON.parse(body.toString('utf8')) as { version?: { number?: string; distribution?: string } };
    if (typeof version?.number !== 'string') return undefined;
    return { product: version.distribution === 'opensearch' ? 'opensearch' : 'elasticsearch', version: version.number };
  } catch {
    return undefined;
  }
}

function productOf(headers: ReadonlyMap<string, string[]>): string | undefined {
  return [...headers].find(([name]) => name.toLowerCase() === PRODUCT_HEADER)?.[1][0];
}

/**
 * Returns the body as a stream of its own. Destroying the request would close its connection before the answer is
 * sent.
 */
function leftOpen(request: IncomingMessage): Readable {
  // undici accepts any iterable, which its types do not say.
  return request.iterator({ destroyOnReturn: false }) as unknown as Readable;
}

function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  return `${code ?? name} ${message}`;
}
