/**
 * Waits for a call that may take long, and fails early when a component it depends on is down. Time alone is not a
 * failure: a large cluster is slow, whereas a missing worker never answers.
 */
import { isSnapkeepError, type SnapkeepError } from '../../contracts/errors';
import { withStoreDeadline } from '../reading/store-deadline';
import { type Health } from './health';

/** Ms before the first check. A check takes up to three seconds, and callers are promised an answer within five. */
const FIRST_CHECK_MS = 1_200;
const NEXT_CHECK_MS = 2_000;
/** Ms that the {@link ExtraCheck} may take. */
const EXTRA_MS = 2_400;

/** Checks a dependency of the call that {@link Health} does not cover, such as the store; throws when it is down. */
export type ExtraCheck = () => Promise<unknown>;

/**
 * Runs `call` and returns its result. If it has not ended after a while and a component is down, aborts the call and
 * throws `temporal_unavailable`, `worker_unavailable`, `cluster_unavailable` or `store_unavailable`.
 */
export async function waitWhileHealthy<Result>(
  health: Health,
  call: (signal: AbortSignal) => Promise<Result>,
  extra?: ExtraCheck,
): Promise<Result> {
  const abort = new AbortController();
  const result = call(abort.signal);
  let ended = false;
  const end = (): void => {
    ended = true;
  };
  result.then(end, end);
  let timer: NodeJS.Timeout | undefined;
  const trouble = new Promise<never>((_, reject) => {
    const check = async (): Promise<void> => {
      const found = await findTrouble(health, extra);
      if (ended) return;
      if (found === undefined) timer = setTimeout(() => void check(), NEXT_CHECK_MS);
      else {
        reject(found);
        abort.abort(found);
      }
    };
    timer = setTimeout(() => void check(), FIRST_CHECK_MS);
  });
  trouble.catch(() => undefined);
  try {
    return await Promise.race([result, trouble]);
  } finally {
    clearTimeout(timer);
  }
}

async function findTrouble(health: Health, extra: ExtraCheck | undefined): Promise<SnapkeepError | undefined> {
  const [component, dependency] = await Promise.all([health.trouble(), extra && storeTrouble(extra)]);
  return component ?? dependency;
}

async function storeTrouble(check: ExtraCheck): Promise<SnapkeepError | undefined> {
  try {
    await withStoreDeadline(check, EXTRA_MS);
    return undefined;
  } catch (error) {
    if (isSnapkeepError(error, 'store_unavailable')) return error;
    if (isSnapkeepError(error)) return undefined;
    throw error;
  }
}
