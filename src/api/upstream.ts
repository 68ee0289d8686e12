import { type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Pool } from 'undici';
import { type ClusterSettings, connectionTo, openPool } from '../cluster/connection';
import { SnapkeepError } from '../contracts/errors';
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
  readonly body: Buffer;
}

/** The cluster, as requests are passed on to it. */
export class Upstream {
  private readonly pool: Pool;
  private readonly prefix: string;
  private readonly authorization: string | undefined;
  private product: { readonly header: string | undefined } | undefined;
  private productAsked = 0;

  constructor(settings: ClusterSettings) {
    const connection = connectionTo(settings);
    this.prefix = connection.prefix;
    this.authorization = connection.authorization;
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
          body: hasBody(request) ? request : null,
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

  /** A small question of our own. Throws `cluster_unavailable`. */
  async ask(target: string, ms = ASK_MS): Promise<UpstreamAnswer> {
    return this.send(async () => {
      const { statusCode, headers, body } = await this.pool.request({
        method: 'GET',
        path: this.prefix + target,
        headers: {
          accept: 'application/json',
          ...(this.authorization === undefined ? {} : { authorization: this.authorization }),
        },
        signal: AbortSignal.timeout(ms),
      });
      const product = headers[PRODUCT_HEADER];
      if (statusCode < 300) this.product = { header: Array.isArray(product) ? product[0] : product };
      return { status: statusCode, body: Buffer.from(await body.arrayBuffer()) };
    });
  }

  /** What the cluster puts into `X-Elastic-Product`, by which its clients know it; undefined while it is not known. */
  async productHeader(): Promise<string | undefined> {
    if (this.product === undefined && Date.now() - this.productAsked > PRODUCT_AGAIN_MS) {
      this.productAsked = Date.now();
      await this.ask('/', PRODUCT_MS).catch(() => undefined);
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

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function reasonOf(error: unknown): string {
  const { code, message, name } = error as NodeJS.ErrnoException;
  return `${code ?? name} ${message}`;
}
