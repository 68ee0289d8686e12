import { SnapkeepError } from '../../contracts/errors';

/**
 * Calls an object store and returns its answer. Throws `store_unavailable` after `ms`, even if the call ignores its
 * signal.
 */
export async function withStoreDeadline<Result>(
  call: (signal: AbortSignal) => Promise<Result>,
  ms: number,
): Promise<Result> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = storeSilent(ms);
      reject(error);
      abort.abort(error);
    }, ms);
  });
  try {
    return await Promise.race([call(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

function storeSilent(ms: number): SnapkeepError {
  return new SnapkeepError('store_unavailable', 'the object store of the repository does not answer; ask again later', {
    cause: new Error(`no answer within ${ms} ms`),
  });
}
