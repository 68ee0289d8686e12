import { type ServerResponse } from 'node:http';
import { Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type OssFault } from './faults';
import { type Reply } from './reply';

/** Sends an answer, or what `fault` makes of it. Resolves when all is handed over, rejects if the client is gone. */
export async function sendReply(
  response: ServerResponse,
  reply: Reply,
  withBody: boolean,
  fault: OssFault | undefined,
): Promise<void> {
  const { body } = reply;
  if (fault === 'lose-answer') {
    if (body instanceof Readable) body.destroy();
    response.socket?.resetAndDestroy();
    return;
  }
  response.statusCode = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, value);
  if (Buffer.isBuffer(body)) response.setHeader('Content-Length', body.length);
  else if (body === undefined && withBody && reply.status !== 204 && reply.status !== 304) {
    response.setHeader('Content-Length', 0);
  }
  if (body === undefined || !withBody) {
    response.end();
  } else if (fault === 'cut-body' || fault === 'stall-body' || fault === 'corrupt-body') {
    await sendDamaged(response, body, fault);
  } else if (Buffer.isBuffer(body)) {
    response.end(body);
  } else {
    await pipeline(body, response);
  }
}

async function sendDamaged(
  response: ServerResponse,
  body: Buffer | Readable,
  fault: 'cut-body' | 'stall-body' | 'corrupt-body',
): Promise<void> {
  const length = Number(response.getHeader('Content-Length'));
  const half = Math.floor(length / 2);
  const source = Buffer.isBuffer(body) ? Readable.from([body]) : body;
  let sent = 0;
  const damage = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback): void {
      const start = sent;
      sent += chunk.length;
      if (fault === 'corrupt-body') {
        const changed = Buffer.from(chunk);
        if (start <= half && half < sent) changed[half - start]! ^= 1;
        done(null, changed);
      } else if (sent < half) {
        done(null, chunk);
      } else {
        this.push(chunk.subarray(0, Math.max(0, half - start)));
        // Neither called back nor ended: the rest never comes.
        if (fault === 'cut-body') setTimeout(() => response.socket?.resetAndDestroy(), 20);
      }
    },
  });
  await pipeline(source, damage, response);
}
