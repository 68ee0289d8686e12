import { type Response } from 'express';

/** Returns a signal that aborts when the caller disconnects. It ends the wait for a job, never the job. */
export function untilClosed(response: Response): AbortSignal {
  const closed = new AbortController();
  response.once('close', () => closed.abort(new CallerGoneError()));
  return closed.signal;
}

/** Thrown when the caller has disconnected, so that there is nobody to answer. */
export class CallerGoneError extends Error {
  constructor() {
    super('the caller has hung up');
    this.name = 'CallerGoneError';
  }
}
