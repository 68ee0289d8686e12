import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Pool } from 'undici';
import { type ClusterSettings, connectionTo, openPool } from '../../cluster/http/connection';
import { SnapkeepError } from '../../contracts/errors';
import { hasBody } from '../http/request-kind';
import { type Auth } from './auth';
import { callerHeaders } from './caller';
import { forwardedHeaders, returnedHeaders } from './forwarded-headers';

/** Ms to connect to the cluster, so that a caller hears within five seconds that it is down. */
const CONNECT_MS = 4_000;
/** Ms for a small question of our own. */
const ASK_MS = 4_000;
const PRODUCT_MS = 1_000;
/** Ms before a cluster that did not answer is asked again. */
const PRODUCT_AGAIN_MS = 5_000;
const PRODUCT_HEADER = 'x-elastic-product';

export interface UpstreamAnswer {
  readonly status: number;
  /** Without those of the connection. */
  readonly headers: ReadonlyMap<string, string[]>;
  readonly body: Buffer;
}

export interface Question {
  /** @default GET */
  readonly method?: string;
  readonly json?: object;
  /** Ms until the cluster counts as down. */
  readonly timeoutMs?: number;
}

/** The cluster, as requests are passed on to it, and as it is asked in a caller's name. */
export class Upstream {
  private readonly pool: Pool;
  private readonly prefix: string;
  /** Snapkeep's own, where it lends them; undefined: requests carry the caller's. */
  private readonly authorization: string | undefined;
  private product: { readonly header: string | undefined } | undefined;
  private productAsked = 0;

  constructor(settings: ClusterSettings, auth: Auth) {
    const connection = connectionTo(settings);
    this.prefix = connection.prefix;
    this.authorization = auth === 'none' ? connection.authorization : undefined;
    this.pool = openPool(connection, {
      connections: 256,
      connectTimeoutMs: CONNECT_MS,
      // How long a search or a force-merge may take is between the caller and the cluster.
      headersTimeoutMs: 0,
      bodyTimeoutMs: 0,
    });
  }

  /**
   * Passes a request on as it came, `target` being path and query, and the answer back: both as streams, bytes
   * unchanged. Throws `cluster_unavailable` when there is no answer at all; an answer that breaks off breaks off.
   */
  async pass(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { headers, body } = await this.send(() =>
      this.pool
        .request({
          method: request.method as 'GET',
          path: this.prefix + target,
          headers: forwardedHeaders(request.rawHeaders, this.authorization),
          body: hasBody(request) ? leftOpen(request) : null,
          signal: gone.signal,
          responseHeaders: 'raw',
        })
        .then((answer) => {
          response.statusCode = answer.statusCode;
          return { headers: answer.headers as unknown as string[], body: answer.body };
        }),
    );
    for (const [name, values] of returnedHeaders(headers)) {
      response.setHeader(name, values.length === 1 ? values[0] : values);
      if (name.toLowerCase() === PRODUCT_HEADER) this.product = { header: values[0] };
    }
    try {
      await pipeline(body, response);
    } catch {
      // The caller sees a body that ends too soon, as it would without us.
      response.destroy();
    }
  }

  /** A small question in the caller's name. Throws `cluster_unavailable`. */
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
      const product = [...headers].find(([name]) => name.toLowerCase() === PRODUCT_HEADER)?.[1][0];
      if (answer.statusCode < 300) this.product = { header: product };
      return { status: answer.statusCode, headers, body: Buffer.from(await answer.body.arrayBuffer()) };
    });
  }

  /**
   * What the cluster puts into `X-Elastic-Product`, by which its clients know it; undefined while it is not known. Asked
   * in the caller's name.
   */
  async productHeader(caller: IncomingMessage): Promise<string | undefined> {
    if (this.product === undefined && Date.now() - this.productAsked > PRODUCT_AGAIN_MS) {
      this.productAsked = Date.now();
      await this.ask(caller, '/', { timeoutMs: PRODUCT_MS }).catch(() => undefined);
    }
    return this.product?.header;
  }

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

/** Gives the cluster's answer to the caller as it is. */
export function relay(response: ServerResponse, { status, headers, body }: UpstreamAnswer): void {
  if (response.headersSent) return;
  response.statusCode = status;
  for (const [name, values] of headers) {
    if (name.toLowerCase() !== 'content-length') response.setHeader(name, values.length === 1 ? values[0] : values);
  }
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** The body apart from the request, which, destroyed, takes its connection along before the answer is out. */
function leftOpen(request: IncomingMessage): Readable {
  // undici takes whatever can be iterated, which its types don't say.
  return request.iterator({ destroyOnReturn: false }) as unknown as Readable;
}

function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  return `${code ?? name} ${message}`;
}
