import { setTimeout as sleep } from 'node:timers/promises';
import { type TemporalCalls } from '../temporal/temporal-calls';

/** Ms between the attempts to cancel a job that was not accepted. */
const RETRY_AFTER_MS = [500, 1_000, 2_000, 5_000, 15_000, 30_000, 60_000];
/** Ms that the answer to the caller may wait for the first attempt. */
const FIRST_ATTEMPT_MS = 500;
/** Ms that each call to Temporal may take. */
const CALL_MS = 2_000;

/**
 * Cancels jobs whose callers got an error instead of an accepted job. If Temporal is down, the request that starts the
 * job may still be on its way, so further attempts are made in the background.
 */
export class JobWithdrawal {
  constructor(
    private readonly calls: TemporalCalls,
    private readonly warn: (message: string) => void,
  ) {}

  /** Cancels the job with this `token`, if it is found. Returns after at most half a second. */
  async withdraw(workflowId: string, token: string): Promise<void> {
    const first = this.attempt(workflowId, token);
    void first.then(async (done) => {
      if (!done) await this.retry(workflowId, token);
    });
    await Promise.race([first, sleep(FIRST_ATTEMPT_MS, undefined, { ref: false })]);
  }

  private async retry(workflowId: string, token: string): Promise<void> {
    for (const ms of RETRY_AFTER_MS) {
      await sleep(ms, undefined, { ref: false });
      if (await this.attempt(workflowId, token)) return;
    }
  }

  /** Returns whether the job was found and is cancelled or ended. */
  private async attempt(workflowId: string, token: string): Promise<boolean> {
    const { workflow } = this.calls.client;
    try {
      const found = await this.calls.quick(() => workflow.getHandle(workflowId).describe(), CALL_MS);
      if (found === undefined) return false;
      if (found.memo?.token !== token || found.status.name !== 'RUNNING') return found.memo?.token === token;
      const handle = workflow.getHandle(workflowId, found.runId);
      await this.calls.quick(() => handle.cancel(), CALL_MS);
      // A job that no worker has started has nothing to roll back, and must not wait for a worker to end.
      const history = await this.calls.quick(() => handle.fetchHistory(), CALL_MS);
      const wasSeen = history?.events?.some((event) => event.workflowTaskCompletedEventAttributes != null) ?? true;
      if (!wasSeen) await this.calls.quick(() => handle.terminate('not accepted in time'), CALL_MS);
      return true;
    } catch (error) {
      this.warn(`job [${workflowId}] could not be taken back yet: ${(error as Error).message}`);
      return false;
    }
  }
}
