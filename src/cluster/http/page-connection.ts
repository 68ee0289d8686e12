import { connect as connectPlain, isIP, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Connection } from './connection';
import { HEAD_MAX_BYTES, type ResponseReader } from './response-reader';

/** Limits of one request, in ms. */
interface ExchangeLimits {
  readonly connectMs: number;
  /** Limit until the first byte of the answer. */
  readonly headersMs: number;
  /** Limit between two parts of the answer. */
  readonly bodyMs: number;
}

interface Exchange {
  readonly reader: ResponseReader;
  readonly settle: (failure?: Error) => void;
}

/**
 * One connection to the cluster, which carries one request at a time. The socket reads into the memory that the
 * response's reader offers. Any failure ends the connection.
 */
export class PageConnection {
  /** The memory into which the socket reads between two responses. It is chosen before a request is known. */
  readonly memoryOfHead = Buffer.allocUnsafeSlow(HEAD_MAX_BYTES);
  private readonly socket: Socket;
  private exchange: Exchange | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isConnected = false;

  /** @param onClose is called once, when the connection has ended. */
  constructor(
    connection: Connection,
    private readonly limits: ExchangeLimits,
    onClose: () => void,
  ) {
    this.socket = open(connection, {
      buffer: () => this.exchange?.reader.memory ?? this.memoryOfHead,
      callback: (bytes) => this.received(bytes),
    });
    this.socket.once(connection.isSecure ? 'secureConnect' : 'connect', () => {
      this.isConnected = true;
      this.limit(this.limits.headersMs, 'no answer came');
    });
    this.socket.on('error', (error) => this.end(error));
    this.socket.on('close', () => {
      this.end(withCode('ECONNRESET', 'the cluster closed the connection before the answer was complete'));
      onClose();
    });
  }

  /** Sends a request and reads its response. Throws the connection's error, and what the reader throws. */
  send(request: string, body: string | Buffer, reader: ResponseReader): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (failure?: Error): void => (failure === undefined ? resolve() : reject(failure));
      this.exchange = { reader, settle };
      if (this.isConnected) this.limit(this.limits.headersMs, 'no answer came');
      else this.limit(this.limits.connectMs, 'the connection was not accepted');
      this.socket.cork();
      this.socket.write(request, 'latin1');
      if (body.length > 0) this.socket.write(body);
      this.socket.uncork();
    });
  }

  /** Returns whether another request can be sent after a complete response. */
  isReusable(reader: ResponseReader): boolean {
    return !this.socket.destroyed && this.socket.writableLength === 0 && !reader.hasMore;
  }

  /** Ends the connection; the request that is under way fails with `reason`. */
  end(reason: Error): void {
    this.settle(reason);
    this.socket.destroy();
  }

  private received(bytes: number): boolean {
    if (this.exchange === undefined) {
      this.end(withCode('EBADRESPONSE', 'the cluster sent what nobody asked for'));
      return true;
    }
    const { reader } = this.exchange;
    const hadHead = reader.head !== undefined;
    try {
      if (reader.take(bytes)) this.settle();
      else if (hadHead) this.timer?.refresh();
      else if (reader.head !== undefined) this.limit(this.limits.bodyMs, 'the answer stopped');
    } catch (error) {
      this.end(error as Error);
    }
    return true;
  }

  private settle(failure?: Error): void {
    clearTimeout(this.timer);
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.settle(failure);
  }

  private limit(ms: number, what: string): void {
    clearTimeout(this.timer);
    if (this.exchange === undefined) return;
    this.timer = setTimeout(() => this.end(withCode('ETIMEDOUT', `${what} within ${ms} ms`)), ms);
  }
}

function open({ origin, isSecure, ca }: Connection, onread: NonNullable<NetConnectOpts['onread']>): Socket {
  const url = new URL(origin);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (isSecure ? 443 : 80));
  const options = { host, port, noDelay: true, keepAlive: true, onread };
  if (!isSecure) return connectPlain(options);
  return connectTls({
    ...options,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
  });
}

function withCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
