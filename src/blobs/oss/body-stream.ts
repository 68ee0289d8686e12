import { createHash } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { SnapkeepError } from '../../contracts/errors';
import { connectionFailure } from './oss-errors';
import { assertMd5, promisedMd5 } from './verify-body';

/**
 * The body of an answer as a stream. It fails with `store_unavailable` when the reader waits for `idleMs` without
 * getting a byte (a reader that itself pauses is given all the time it wants) or the body is cut, and with
 * `store_integrity` in place of its end when the MD5 is not the promised one.
 */
export class BodyStream extends Readable {
  private readonly md5 = createHash('md5');
  private readonly verify: boolean;
  private idle: NodeJS.Timeout | undefined;
  private received = 0;

  constructor(
    private readonly response: IncomingMessage,
    private readonly key: string,
    private readonly idleMs: number,
  ) {
    super({ highWaterMark: 256 * 1024 });
    this.verify = promisedMd5(response.headers) !== undefined;
    response.pause();
    response.on('data', (chunk: Buffer) => this.accept(chunk));
    response.on('end', () => this.finish());
    response.on('error', (error) => this.destroy(connectionFailure(error, 'the object store') as Error));
    response.on('close', () => {
      if (!response.complete) this.destroy(this.cut());
    });
    response.pause();
  }

  override _read(): void {
    this.idle ??= setTimeout(() => this.destroy(this.stalled()), this.idleMs);
    this.response.resume();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.idle);
    if (!this.response.complete) this.response.destroy();
    callback(error);
  }

  private accept(chunk: Buffer): void {
    this.received += chunk.length;
    if (this.verify) this.md5.update(chunk);
    if (this.push(chunk)) this.idle?.refresh();
    else {
      this.response.pause();
      clearTimeout(this.idle);
      this.idle = undefined;
    }
  }

  private finish(): void {
    clearTimeout(this.idle);
    try {
      if (this.verify) assertMd5(this.response.headers, this.md5.digest('base64'), this.key);
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  private stalled(): SnapkeepError {
    return new SnapkeepError(
      'store_unavailable',
      `object [${this.key}] stopped arriving: no byte for ${this.idleMs} ms`,
      { details: { key: this.key, received: this.received } },
    );
  }

  private cut(): SnapkeepError {
    return new SnapkeepError('store_unavailable', `the connection closed in the middle of object [${this.key}]`, {
      details: { key: this.key, received: this.received },
    });
  }
}
