import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import { acceptedUpdate } from '../src/contracts/jobs/workflow-messages';

/**
 * Answers the `accepted` update of a job: it returns once `accept` was called, and throws the reason that `refuse` was
 * called with. The first of the calls counts. Create it before the first await of the workflow.
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

  /** Any reason but an ApplicationFailure is a cancellation. */
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
