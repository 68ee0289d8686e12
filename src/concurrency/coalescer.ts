import { isSnapkeepError } from '../contracts/errors';

/** One read that several callers wait for. */
interface Flight {
  readonly running: Promise<unknown>;
  /** Starts when `running` has ended: for those who asked after `running` had begun. */
  next?: Promise<unknown>;
}

/**
 * Shares reads between callers: per key at most one is under way and one waits behind it. A caller gets the result of a
 * read that began after it asked, never an older one, so that it sees everything that was acknowledged before. When the
 * read under way fails because something is down (a retryable SnapkeepError), those who wait behind it fail with it: they
 * need not find that out for themselves, and are answered in time.
 */
export class Coalescer {
  private readonly flights = new Map<string, Flight>();

  /** Returns what `read` of this or a later caller returns, or throws what it throws. Results are shared: don't change them. */
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
      // Where somebody waits, the next read takes this one's place.
      if (flight.next === undefined) this.flights.delete(key);
    };
    running.then(end, end);
    return running;
  }
}
