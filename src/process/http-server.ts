/**
 * The HTTP server of the front door, bounded: headers must come in time, a body must get further, and connections on
 * which nobody asks anything are few. Nothing limits how long an answer may take, since it can take as long as a job.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { envelope } from '../api/http/error-envelope';
import { hasBody } from '../api/http/request-kind';
import { ERROR_TABLE, type ErrorCode, SnapkeepError } from '../contracts/errors';
import { printJson } from '../elasticsearch/print-json';

export interface HttpLimits {
  /** Ms from the first byte awaited to the last header. */
  readonly headersMs: number;
  /** Ms without a byte of a body that is not there yet. */
  readonly bodyIdleMs: number;
  /** Connections without a request; beyond it the one that has been silent longest is closed. */
  readonly silentConnections: number;
  /** Ms and bytes for which a body is still taken after the answer that didn't need it. */
  readonly drainMs: number;
  readonly drainBytes: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headersMs: 20_000,
  bodyIdleMs: 30_000,
  silentConnections: 2_000,
  drainMs: 2_000,
  drainBytes: 16 * 1024 * 1024,
};

/** How often limits are looked at, ms, for the shortest of them. */
const LOOKS_PER_LIMIT = 10;
const MAX_HEADER_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 65_000;

/** Makes the server around `listener`; it does not listen yet. */
export function createHttpServer(listener: RequestListener, limits: HttpLimits = HTTP_LIMITS): Server {
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headersMs,
      // A request with wait_for_completion lasts as long as its job.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.ceil(limits.headersMs / LOOKS_PER_LIMIT),
    },
    (request, response) => {
      if (hasBody(request)) {
        watchBody(request, response, limits.bodyIdleMs);
        drainAfterAnswer(request, response, limits);
      }
      listener(request, response);
    },
  );
  server.on('clientError', answerClientError);
  boundSilence(server, limits.silentConnections);
  return server;
}

/** Answers 408 when no byte of the body has come for `idleMs`, though everything that came before was taken. */
function watchBody(request: IncomingMessage, response: ServerResponse, idleMs: number): void {
  let seen = -1;
  let since = Date.now();
  const timer = setInterval(
    () => {
      if (request.complete || request.destroyed || response.writableEnded) {
        clearInterval(timer);
        return;
      }
      const { bytesRead } = request.socket;
      // What lies here waits for the cluster, or for us: it is not the sender who is slow.
      if (bytesRead !== seen || request.readableLength > 0) {
        seen = bytesRead;
        since = Date.now();
      } else if (Date.now() - since >= idleMs) {
        clearInterval(timer);
        stopWaiting(request, response, idleMs);
      }
    },
    Math.ceil(idleMs / LOOKS_PER_LIMIT),
  );
  response.once('close', () => clearInterval(timer));
}

function stopWaiting(request: IncomingMessage, response: ServerResponse, idleMs: number): void {
  const { socket } = request;
  if (response.headersSent) {
    socket.destroy();
    return;
  }
  const error = new SnapkeepError('request_timeout', `no byte of the request body came for [${idleMs}ms]`);
  const body = printJson(envelope(error), false);
  response.writeHead(ERROR_TABLE[error.code].status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body, () => socket.destroy());
}

/**
 * Closes the connection behind an answer that came before the end of the body, since what is left of the body would be
 * taken for the next request. The rest is read for a moment first: a sender that is cut off at once may never see the
 * answer.
 */
function drainAfterAnswer(request: IncomingMessage, response: ServerResponse, limits: HttpLimits): void {
  const { writeHead, end } = response;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    if (!request.complete) this.setHeader('connection', 'close');
    return Reflect.apply(writeHead, this, args) as ServerResponse;
  } as typeof response.writeHead;
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    if (request.complete || request.destroyed || this.writableEnded) {
      return Reflect.apply(end, this, args) as ServerResponse;
    }
    const [chunk, ...others] = args;
    // The whole answer goes out now; that it is the last of the connection is told when the sender has stopped.
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk);
    else this.flushHeaders();
    void drained(request, limits).then(() => Reflect.apply(end, this, typeof chunk === 'function' ? args : others));
    return this;
  } as typeof response.end;
}

async function drained(request: IncomingMessage, { drainMs, drainBytes }: HttpLimits): Promise<void> {
  const before = request.socket.bytesRead;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, drainMs);
    const stop = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', stop).once('close', stop).once('error', stop);
    request.on('data', () => {
      if (request.socket.bytesRead - before > drainBytes) stop();
    });
    request.resume();
  });
}

/** Closes the connection that has been silent longest where there are more than `most`. */
function boundSilence(server: Server, most: number): void {
  // In the order in which they fell silent.
  const silent = new Set<Socket>();
  // Requests under way: one connection may send the next before it has the answer to the last.
  const asked = new WeakMap<Socket, number>();
  const count = (socket: Socket, change: number): number => {
    const now = (asked.get(socket) ?? 0) + change;
    asked.set(socket, now);
    return now;
  };
  const fallSilent = (socket: Socket): void => {
    if (socket.destroyed) return;
    silent.add(socket);
    if (silent.size <= most) return;
    const [oldest] = silent;
    silent.delete(oldest);
    oldest.destroy();
  };
  server.on('connection', (socket: Socket) => {
    fallSilent(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket);
    count(socket, 1);
    response.once('close', () => {
      if (count(socket, -1) === 0) fallSilent(socket);
    });
  });
}

const CLIENT_ERRORS: Readonly<Record<string, { code: ErrorCode; reason: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { code: 'request_timeout', reason: 'the headers of the request did not come in time' },
  HPE_HEADER_OVERFLOW: {
    code: 'request_headers_too_long',
    reason: `the headers of the request have more than [${MAX_HEADER_BYTES}] bytes`,
  },
};
const MALFORMED = { code: 'request_malformed', reason: 'the request is not HTTP/1.1' } as const;
const LINE_TOO_LONG = {
  code: 'request_line_too_long',
  reason: `the first line of the request has more than [${MAX_HEADER_BYTES}] bytes: name fewer things, or use wildcards`,
} as const;

/** Answers what never became a request, in the envelope of all other errors. */
function answerClientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const known = Object.hasOwn(CLIENT_ERRORS, error.code ?? '') ? CLIENT_ERRORS[error.code!] : MALFORMED;
  const isLine = error.code === 'HPE_HEADER_OVERFLOW' && endOfLine(error.rawPacket) > MAX_HEADER_BYTES / 2;
  const { code, reason } = isLine ? LINE_TOO_LONG : known;
  const body = printJson(envelope(new SnapkeepError(code, reason)), false);
  const { status } = ERROR_TABLE[code];
  const head = `HTTP/1.1 ${status} ${STATUS_TEXT[status]}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

/** Bytes of the first line, as far as it came in one piece with what was too much. */
function endOfLine(packet: Buffer = Buffer.alloc(0)): number {
  const end = packet.indexOf('\n');
  return end < 0 ? packet.length : end;
}

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
};
