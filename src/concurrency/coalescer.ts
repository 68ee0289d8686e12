import { isSnapkeepError } from '../contracts/errors';

/** A running read that several callers wait for. */
interface Flight {
  readonly running: Promise<unknown>;
  /** Starts when `running` has ended. It serves the callers that asked after `running` had begun. */
  next?: Promise<unknown>;
}

/**
 * Shares reads between callers: per key at most one read runs and one waits behind it. A caller gets the result of a
 * read that began after the caller asked, so that the result shows everything acknowledged before.
 *
 * If the running read fails with a retryable SnapkeepError, the waiting callers fail with it. Because a component is
 * down, their own read would fail too, and they would be answered too late.
 */
export class Coalescer {
  private readonly flights = new Map<string, Flight>();

  /**
   * Returns or throws what `read` of this or a later caller returns or throws. Callers share the result and must not
   * change it.
   */
  ask<Result>(key: string, read: () => Promise<Result>): Promise<Result> {
    const flight = this.flights.get(key);
    if (flight === undefined) return this.start(key, read);
    flight.next ??= flight.running.then(
      () => this.start(key, read),
      (error: unknown) => {
        if (!isSnapkeepError(error) || !error.retryable) return this.start(key, read);
        this.flights.delete(key);
        throw error;
      },
    );
    return flight.next as Promise<Result>;
  }

  private start<Result>(key: string, read: () => Promise<Result>): Promise<Result> {
    const running = read();
    const flight: Flight = { running };
    this.flights.set(key, flight);
    const end = (): void => {
      // If a caller waits, the next read replaces this one.
      if (flight.next === undefined) this.flights.delete(key);
    };
    running.then(end, end);
    return running;
  }
}
