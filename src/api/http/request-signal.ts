import { type Response } from 'express';

/** Aborted when the caller hangs up: the waiting ends, never the job. */
export function untilClosed(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new CallerGoneError()));
  return gone.signal;
}

/** Nobody is there to be answered. */
export class CallerGoneError extends Error {
  constructor() {
    super('the caller has hung up');
    this.name = 'CallerGoneError';
  }
}
