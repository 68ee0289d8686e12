import { createHash } from 'node:crypto';
import http, { type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { onAbort } from '../../concurrency/on-abort';
import { SnapkeepError } from '../../contracts/errors';
import { connectionFailure } from './connection-failure';
import { type HttpCall } from './http-call';
import { RequestClock, type RequestTimes } from './request-clock';

/** A signed request. */
interface TransportRequest {
  readonly method: string;
  readonly headers: Record<string, string | number>;
  readonly content?: Buffer | string;
  readonly ctx?: HttpCall;
}

interface TransportAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly data: Buffer;
  readonly res: unknown;
}

/** Bytes handed to the socket at a time. The next slice follows when the kernel has taken it, which shows progress. */
const SLICE_BYTES = 256 * 1024;
/** Bytes read of an error document, which has a few hundred. */
const MAX_ERROR_BYTES = 64 * 1024;
/** Time after which an unused socket is closed, before the store or a proxy closes it silently. */
const UNUSED_SOCKET_MS = 20_000;

/**
 * Sends the requests that a client library has signed, instead of the library's own transport. It has keep-alive agents
 * per store, idle and total time-outs, cancellation that destroys the request, and bodies of bounded and verified
 * length. The urllib of ali-oss (option `urllib`) shares its agents with the whole process, can hang on a stalled body,
 * and reports a truncated body as unreadable XML.
 */
export class HttpTransport {
  private readonly http = new http.Agent({ keepAlive: true, timeout: UNUSED_SOCKET_MS });
  private readonly https = new https.Agent({ keepAlive: true, timeout: UNUSED_SOCKET_MS });

  constructor(private readonly times: RequestTimes) {}

  /** Sends one request. Stores a failure in `ctx.failure` as well. The only function of urllib that ali-oss calls. */
  async request(url: string, params: TransportRequest): Promise<TransportAnswer> {
    const call: HttpCall = params.ctx ?? {};
    try {
      return await this.exchange(new URL(url), params, call);
    } catch (error) {
      call.failure = error;
      throw error;
    }
  }

  /** Closes all sockets. */
  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private exchange(url: URL, params: TransportRequest, call: HttpCall): Promise<TransportAnswer> {
    const { signal } = call;
    signal?.throwIfAborted();
    const content =
      typeof params.content === 'string' ? Buffer.from(params.content) : (params.content ?? Buffer.alloc(0));
    return new Promise((resolve, reject) => {
      const request = this.open(url, params, content.length);
      const clock = new RequestClock(this.times, content.length, (failure) => end(failure));
      const release = onAbort(signal, (reason) => end(reason));
      const end = (reason: unknown): void => {
        fail(reason);
        request.destroy();
      };
      const settle = (): void => {
        clock.stop();
        release();
      };
      const fail = (error: unknown): void => {
        settle();
        reject(error);
      };
      request.on('error', (error) => fail(connectionFailure(error, url.host)));
      request.once('socket', () => clock.progress());
      request.once('response', (response) => {
        clock.progress();
        const answered = this.answer(request, response, call, clock);
        answered.then(
          (answer) => {
            settle();
            resolve(answer);
          },
          (error: unknown) => end(connectionFailure(error, url.host)),
        );
      });
      send(request, content, clock);
    });
  }

  private open(url: URL, params: TransportRequest, contentLength: number): ClientRequest {
    const headers: OutgoingHttpHeaders = {};
    for (const [name, value] of Object.entries(params.headers)) headers[name.toLowerCase()] = value;
    if (params.content !== undefined) headers['content-length'] = contentLength;
    const options = { method: params.method, headers };
    return url.protocol === 'https:'
      ? https.request(url, { ...options, agent: this.https })
      : http.request(url, { ...options, agent: this.http });
  }

  private async answer(
    request: ClientRequest,
    response: IncomingMessage,
    call: HttpCall,
    clock: RequestClock,
  ): Promise<TransportAnswer> {
    const status = response.statusCode ?? 0;
    const { headers } = response;
    const succeeded = status >= 200 && status < 300;
    const limit = succeeded ? (call.maxBytes ?? Infinity) : MAX_ERROR_BYTES;
    const data = await readBody(response, limit, clock, succeeded ? call : undefined);
    // The store refused early: the rest of the body need not be sent, and the connection can't be reused.
    if (!request.writableFinished) request.destroy();
    if (!succeeded) call.errorBody = data.toString('utf8');
    return { status, headers, data, res: { status, headers } };
  }
}

function send(request: ClientRequest, body: Buffer, clock: RequestClock): void {
  if (body.length <= SLICE_BYTES) {
    request.end(body.length === 0 ? undefined : body);
    return;
  }
  let at = 0;
  const next = (): void => {
    clock.progress();
    while (at < body.length) {
      const slice = body.subarray(at, (at += SLICE_BYTES));
      if (!request.write(slice)) {
        request.once('drain', next);
        return;
      }
    }
    request.end();
  };
  next();
}

/**
 * Reads the whole body into one buffer, and stores its MD5 in `hashed.md5`. Throws `store_rejected` when the body is
 * longer than `limit`, and the connection's error when it is truncated.
 */
function readBody(
  response: IncomingMessage,
  limit: number,
  clock: RequestClock,
  hashed: HttpCall | undefined,
): Promise<Buffer> {
  const expected = Number(response.headers['content-length'] ?? NaN);
  const md5 = hashed === undefined ? undefined : createHash('md5');
  // Filled as the body arrives. If no length is announced, the chunks are collected instead.
  const announced = Number.isNaN(expected) || expected > limit ? undefined : Buffer.allocUnsafe(expected);
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const tooLong = (bytes: number): void => {
      reject(
        new SnapkeepError('store_rejected', `the answer has ${bytes} bytes or more, but ${limit} may be read at once`),
      );
      response.destroy();
    };
    if (expected > limit) return tooLong(expected);
    clock.expect(Number.isNaN(expected) ? 0 : expected);
    response.on('data', (chunk: Buffer) => {
      clock.progress();
      md5?.update(chunk);
      if (announced === undefined) chunks.push(chunk);
      else chunk.copy(announced, length);
      length += chunk.length;
      if (length > limit) tooLong(length);
    });
    response.on('error', reject);
    response.on('end', () => {
      if (hashed !== undefined) hashed.md5 = md5?.digest('base64');
      resolve(announced ?? Buffer.concat(chunks, length));
    });
    response.on('close', () => reject(new Error('the connection closed before the answer was complete')));
  });
}
