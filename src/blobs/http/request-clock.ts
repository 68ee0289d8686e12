import { SnapkeepError } from '../../contracts/errors';

/** Limits how long a request may take. */
export interface RequestTimes {
  /** Milliseconds that may pass without a byte sent or received. */
  readonly idleMs: number;
  /** Milliseconds for a request without a body. Each body adds the time it takes at `minBytesPerSecond`. */
  readonly baseMs: number;
  readonly minBytesPerSecond: number;
}

/** A request that moves fewer than 128 KiB a second is ended, because a retry uses another connection. */
export const DEFAULT_REQUEST_TIMES: RequestTimes = { idleMs: 30_000, baseMs: 60_000, minBytesPerSecond: 128 * 1024 };

/** Enforces the idle and the total time-out of one request. */
export class RequestClock {
  private readonly idle: NodeJS.Timeout;
  private total: NodeJS.Timeout;
  private readonly startedAt = performance.now();
  private allowedMs: number;
  private stopped = false;

  /** @param expire is called once, with a `store_unavailable` error, when either time is over. */
  constructor(
    private readonly times: RequestTimes,
    bodyBytes: number,
    private readonly expire: (failure: SnapkeepError) => void,
  ) {
    this.allowedMs = times.baseMs + this.timeFor(bodyBytes);
    this.idle = setTimeout(() => this.end(`no byte was sent or received for ${times.idleMs} ms`), times.idleMs);
    this.total = this.startTotal();
  }

  /** Restarts the idle time, because a byte was sent or received. */
  progress(): void {
    if (!this.stopped) this.idle.refresh();
  }

  /** Extends the total time by that of a response of `bytes`. */
  expect(bytes: number): void {
    this.allowedMs += this.timeFor(bytes);
    clearTimeout(this.total);
    if (!this.stopped) this.total = this.startTotal();
  }

  /** Ends both time-outs. Later calls of the clock have no effect. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.idle);
    clearTimeout(this.total);
  }

  private startTotal(): NodeJS.Timeout {
    const left = this.allowedMs - (performance.now() - this.startedAt);
    return setTimeout(() => this.end(`the request took more than ${Math.round(this.allowedMs)} ms`), Math.max(1, left));
  }

  private timeFor(bytes: number): number {
    return (bytes / this.times.minBytesPerSecond) * 1000;
  }

  private end(reason: string): void {
    if (this.stopped) return;
    this.stop();
    this.expire(new SnapkeepError('store_unavailable', `the object store is too slow: ${reason}`));
  }
}
