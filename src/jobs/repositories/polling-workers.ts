import { type TemporalCalls } from '../temporal/temporal-calls';

/** `TaskQueueType` of Temporal's API. */
const QUEUE_TYPES = { workflow: 1, activity: 2 } as const;

/** Lists the workers that poll a task queue. */
export class PollingWorkers {
  constructor(
    private readonly calls: TemporalCalls,
    private readonly taskQueue: string,
  ) {}

  /**
   * Returns the identities of all workers that polled within the last minutes. Some may have ended since. Throws
   * `temporal_unavailable`.
   */
  async list(): Promise<string[]> {
    // A partition of the queue may know some of a worker's pollers only, so both types are asked.
    const found = await Promise.all(Object.values(QUEUE_TYPES).map((type) => this.pollers(type)));
    return [...new Set(found.flat())].sort();
  }

  private async pollers(taskQueueType: number): Promise<string[]> {
    const { client } = this.calls;
    const answer = await this.calls.quick(() =>
      client.workflowService.describeTaskQueue({
        namespace: client.options.namespace,
        taskQueue: { name: this.taskQueue },
        taskQueueType,
      }),
    );
    return (answer?.pollers ?? []).flatMap(({ identity }) => identity || []);
  }
}
