import { type WorkflowHandle } from '@temporalio/client';
import { type Turns } from '../../concurrency/turns';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { asSnapkeepError, isWorkflowMissing } from '../temporal/temporal-failures';
import { type Health } from './health';
import { waitWhileHealthy } from './wait-while-healthy';

/** Changes what a workflow keeps of which there is one per installation. Starts it when it is not there. */
export class KeptWorkflow {
  constructor(
    private readonly calls: TemporalCalls,
    private readonly health: Health,
    private readonly workflowId: string,
    private readonly start: () => Promise<void>,
  ) {}

  /**
   * Makes a change by an update, in one of the `turns`, because Temporal takes few updates of one workflow at once.
   * Throws the reason why the workflow refuses it, or the error of the component that is down.
   */
  async update<Result>(turns: Turns, change: (handle: WorkflowHandle) => Promise<Result>): Promise<Result> {
    try {
      return await this.attempt(turns, change);
    } catch (error) {
      if (!isWorkflowMissing(error)) throw asSnapkeepError(error);
    }
    await this.start();
    try {
      return await this.attempt(turns, change);
    } catch (error) {
      throw asSnapkeepError(error);
    }
  }

  private async attempt<Result>(turns: Turns, change: (handle: WorkflowHandle) => Promise<Result>): Promise<Result> {
    const { client } = this.calls;
    const handle = client.workflow.getHandle(this.workflowId);
    const result = await waitWhileHealthy(this.health, (signal) =>
      turns.take(signal, () => client.withAbortSignal(signal, () => change(handle))),
    );
    this.calls.worker.record();
    return result;
  }
}
