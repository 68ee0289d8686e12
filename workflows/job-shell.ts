/** The frame of the jobs that the front door starts: acceptance, clean-up, failure, and the state that lists show. */
import { allHandlersFinished, CancellationScope, condition, upsertSearchAttributes } from '@temporalio/workflow';
import { type JobOptions } from '../src/contracts/jobs/job';
import { JOB_STATE } from '../src/contracts/search-attributes';
import { JobAcceptance } from './job-acceptance';
import { jobFailure } from './job-failures';

/** The steps of a job that the shell calls. */
interface JobSteps<Outcome> {
  /** Does the work. Calls `acceptance.accept` once the caller of the job may be answered. */
  readonly run: (acceptance: JobAcceptance) => Promise<Outcome>;
  /**
   * Cleans up after `run` failed or was cancelled; nobody can cancel it. Returns the outcome of a job that ends well
   * all the same. It must not throw.
   */
  readonly giveUp: (error: unknown, isAccepted: boolean) => Promise<Outcome | undefined>;
}

/**
 * Runs a job, and ends it when its handlers have answered. Returns the outcome of `run` or `giveUp`. Otherwise refuses
 * the caller that still waits for the acceptance, and throws the failure: a domain failure under its own code, a
 * cancellation as one. Call it before the first await of the workflow.
 */
export async function runJob<Outcome>({ run, giveUp }: JobSteps<Outcome>): Promise<Outcome> {
  const acceptance = new JobAcceptance();
  try {
    const outcome = await run(acceptance);
    await condition(allHandlersFinished);
    return outcome;
  } catch (error) {
    const outcome = await CancellationScope.nonCancellable(() => giveUp(error, acceptance.isAccepted));
    if (outcome !== undefined) return outcome;
    const failure = jobFailure(error);
    acceptance.refuse(failure);
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
    throw failure;
  }
}

/** Shows the state of a job in its search attribute, if the installation has registered it. */
export function showState({ searchAttributes }: JobOptions, state: string): void {
  if (searchAttributes) upsertSearchAttributes([{ key: JOB_STATE, value: state }]);
}
