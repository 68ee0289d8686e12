import { Context } from '@temporalio/activity';
import { complaintIn } from '../src/cluster/http/cluster-failures';
import { SnapkeepError } from '../src/contracts/errors';
import { runActivity } from './activity-shell';

/** Attempts after which an answer of 500 is final: busy or restarting clusters answer 429 and 503. */
const MOST_INTERNAL_ERRORS = 10;

/**
 * Runs a step of a restore that is repeated within the job's retry window. A cluster that answers 500 every time
 * refuses in its own way: after some attempts that is final (`cluster_rejected`), long before the window is over.
 */
export function runRestoreStep<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  return runActivity(async ({ signal }) => {
    try {
      return await work(signal);
    } catch (error) {
      if (complaintIn(error)?.status !== 500 || Context.current().info.attempt < MOST_INTERNAL_ERRORS) throw error;
      const { message, details } = error as SnapkeepError;
      throw new SnapkeepError('cluster_rejected', message, { details, cause: error });
    }
  });
}
