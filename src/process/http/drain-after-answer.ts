import { type IncomingMessage, type ServerResponse } from 'node:http';

/** Bounds of the reading after an answer that did not need the rest of the body. */
interface DrainLimits {
  readonly drainMs: number;
  readonly drainBytes: number;
}

/**
 * Closes the connection after an answer that was sent before the end of the body, because the rest of the body would be
 * parsed as the next request. Reads the rest within the limits first: a sender that is cut off at once may never see
 * the answer.
 */
export function drainAfterAnswer(request: IncomingMessage, response: ServerResponse, limits: DrainLimits): void {
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
    // The whole answer is sent now; the response ends, and closes the connection, when the sender has stopped.
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.write(chunk);
    else this.flushHeaders();
    void drained(request, limits).then(() => Reflect.apply(end, this, typeof chunk === 'function' ? args : others));
    return this;
  } as typeof response.end;
}

async function drained(request: IncomingMessage, { drainMs, drainBytes }: DrainLimits): Promise<void> {
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
