import { Readable } from 'node:stream';
import { type HttpCall } from '../http/http-call';
import { type HttpTransport } from '../http/http-transport';

/** The state of one request, which the SDK passes to the handler untouched. */
export interface S3Call {
  readonly http: HttpCall;
  /** Status of the response, once there is one. */
  status?: number;
  /** Body of the response. */
  body?: Buffer;
}

/** Options of the SDK's `send`. */
export interface SendOptions {
  readonly call: S3Call;
  /** The SDK's own; the transport has its time-outs. */
  readonly requestTimeout?: undefined;
}

/** The used part of a request that the SDK has signed. */
interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Record<string, string>;
  readonly body?: unknown;
}

/** The response that the SDK reads. */
interface HandledResponse {
  readonly response: {
    readonly statusCode: number;
    readonly headers: Record<string, string>;
    readonly body: Readable;
  };
}

/** Sends the requests that the SDK has signed through {@link HttpTransport}. */
export class S3Handler {
  readonly metadata = { handlerProtocol: 'http/1.1' };

  constructor(private readonly transport: HttpTransport) {}

  /** Sends one request; the SDK calls it with the options of `send`. */
  async handle(request: SignedRequest, options: Partial<SendOptions> = {}): Promise<HandledResponse> {
    const { call } = options;
    const { status, headers, data } = await this.transport.request(urlOf(request), {
      method: request.method,
      headers: request.headers,
      ...(isBody(request.body) ? { content: request.body } : {}),
      ctx: call?.http,
    });
    if (call !== undefined) Object.assign(call, { status, body: data });
    const given = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    );
    return {
      response: {
        statusCode: status,
        headers: Object.fromEntries(given) as Record<string, string>,
        body: Readable.from(data.length === 0 ? [] : [data]),
      },
    };
  }
}

function isBody(body: unknown): body is Buffer | string {
  return Buffer.isBuffer(body) || typeof body === 'string';
}

/** Returns the address as it was signed: each name and value percent-encoded but for unreserved characters. */
function urlOf({ protocol, hostname, port, path, query = {} }: SignedRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => (one === null ? encode(name) : `${encode(name)}=${encode(one)}`)),
  );
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  return `${protocol}//${host}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
