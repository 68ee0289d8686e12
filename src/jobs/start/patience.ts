import { isSnapkeepError, type SnapkeepError } from '../../contracts/errors';
import { inTime } from '../reading/repository-reader';
import { type Health } from './health';

/** Ms before the first look at what may be down; it takes up to three seconds, and a caller is promised an answer in five. */
const FIRST_LOOK_MS = 1_200;
const NEXT_LOOK_MS = 2_000;
/** Ms the {@link ExtraCheck} may take. */
const EXTRA_MS = 2_400;

/** Something else than the parts {@link Health} knows that a call stands on, such as the store; throws when it is away. */
export type ExtraCheck = () => Promise<unknown>;

/**
 * Waiting for what may take long, but only as long as nothing it needs is down: a big cluster takes its time, a missing
 * worker would take for ever.
 */
export class Patience {
  constructor(private readonly health: Health) {}

  /**
   * Runs `call`; when it has not ended after a while and something is down, aborts it and throws which part is
   * (`temporal_unavailable`, `worker_unavailable`, `cluster_unavailable`, `store_unavailable`).
   */
  async wait<Result>(call: (signal: AbortSignal) => Promise<Result>, extra?: ExtraCheck): Promise<Result> {
    const abort = new AbortController();
    const result = call(abort.signal);
    let ended = false;
    const end = (): void => {
      ended = true;
    };
    result.then(end, end);
    let timer: NodeJS.Timeout | undefined;
    const trouble = new Promise<never>((_, reject) => {
      const look = async (): Promise<void> => {
        const found = await this.look(extra);
        if (ended) return;
        if (found === undefined) timer = setTimeout(() => void look(), NEXT_LOOK_MS);
        else {
          reject(found);
          abort.abort(found);
        }
      };
      timer = setTimeout(() => void look(), FIRST_LOOK_MS);
    });
    trouble.catch(() => undefined);
    try {
      return await Promise.race([result, trouble]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async look(extra: ExtraCheck | undefined): Promise<SnapkeepError | undefined> {
    const [trouble, away] = await Promise.all([this.health.trouble(), extra && failureOf(extra)]);
    return trouble ?? away;
  }
}

async function failureOf(check: ExtraCheck): Promise<SnapkeepError | undefined> {
  try {
    await inTime(check, EXTRA_MS);
    return undefined;
  } catch (error) {
    if (isSnapkeepError(error, 'store_unavailable')) return error;
    if (isSnapkeepError(error)) return undefined;
    throw error;
  }
}
