import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { acceptedUpdate } from '../src/contracts/jobs/workflow-messages';

/**
 * Tells the caller of a job whether it is under way: the `accepted` update answers once `accept` was called, or throws
 * the reason given to `refuse`. Registered before the first await of the workflow.
 */
export class JobAcceptance {
  private answer: 'accepted' | ApplicationFailure | undefined;

  constructor() {
    setHandler(acceptedUpdate, async () => {
      await condition(() => this.answer !== undefined);
      if (this.answer instanceof ApplicationFailure) throw this.answer;
    });
  }

  get isAccepted(): boolean {
    return this.answer === 'accepted';
  }

  accept(): void {
    this.answer ??= 'accepted';
  }

  /** Harmless once accepted. */
  refuse(reason: unknown): void {
    this.answer ??=
      reason instanceof ApplicationFailure
        ? reason
        : ApplicationFailure.create({
            type: 'concurrent_snapshot_execution_exception',
            message: 'the job was cancelled before it had begun; ask again',
            nonRetryable: true,
          });
  }
}
