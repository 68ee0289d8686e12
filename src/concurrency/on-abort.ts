import { setMaxListeners } from 'node:events';

/**
 * Calls `act` with the signal's reason when the signal is aborted; immediately if it is aborted already. Returns a
 * function that removes the listener.
 *
 * Many calls share the signal of one activity. Node's warning about many listeners is therefore switched off: it would
 * report a leak where there is none.
 */
export function onAbort(signal: AbortSignal | undefined, act: (reason: unknown) => void): () => void {
  if (signal === undefined) return () => undefined;
  if (signal.aborted) {
    act(signal.reason);
    return () => undefined;
  }
  const listener = (): void => act(signal.reason);
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/**
 * Returns the result of `work`. Throws the signal's reason if `signal` is aborted first; `work` then continues and its
 * result is dropped.
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let release = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    release = onAbort(signal, reject);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    release();
  }
}
