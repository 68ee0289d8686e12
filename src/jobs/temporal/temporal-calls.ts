import {
  type Client,
  type QueryDefinition,
  type SignalDefinition,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { Coalescer } from '../../concurrency/coalescer';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { asSnapkeepError, isNotReady, isTimeout, isWorkflowMissing, NoAnswerInTimeError } from './failures';
import { LastAnswer } from './last-answer';

/** Ms a caller's question may take, well below the five seconds within which an answer is promised. */
export const QUERY_MS = 3_200;
/** Times a read that came too late is made again while Temporal answers others. */
const READ_ATTEMPTS = 5;
/** Ms without an answer after which Temporal is asked whether it is there at all, and ms it may take to say so. */
const PING_AFTER_MS = 1_000;
const PING_MS = 1_500;

/**
 * Calls to Temporal that end in time, and say which part is down when they can't: a query needs a worker, everything
 * else needs Temporal alone. Callers that ask the same at the same time share one call.
 */
export class TemporalCalls {
  /** Noted for every answer that only a worker can give. */
  readonly worker = new LastAnswer();
  private readonly temporal = new LastAnswer();
  private readonly shared = new Coalescer();

  constructor(readonly client: Client) {}

  /**
   * Asks a workflow. Throws `worker_unavailable` when Temporal answers and no worker does, `temporal_unavailable` when
   * neither does. Undefined when there is no such workflow (any more). Shared: don't change the answer.
   */
  async query<Result, Args extends readonly unknown[] = []>(
    workflowId: string,
    definition: QueryDefinition<Result, Args & unknown[]>,
    ms = QUERY_MS,
    ...args: Args
  ): Promise<Result | undefined> {
    return this.shared.ask(`query ${definition.name} ${JSON.stringify(args)} ${workflowId}`, () =>
      this.queryNow(workflowId, definition, ms, args),
    );
  }

  /** What Temporal itself knows of a workflow, its memo included. Undefined when there is none. Shared: don't change it. */
  async describe(workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
    return this.shared.ask(`describe ${workflowId}`, async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.quick(() => this.client.workflow.getHandle(workflowId).describe());
        } catch (error) {
          const isBusy = isSnapkeepError(error, 'temporal_unavailable') && this.temporal.isFresh();
          if (!isBusy || attempt === READ_ATTEMPTS) throw error;
        }
      }
    });
  }

  private async queryNow<Result, Args extends readonly unknown[]>(
    workflowId: string,
    definition: QueryDefinition<Result, Args & unknown[]>,
    ms: number,
    args: Args,
  ): Promise<Result | undefined> {
    const unreachable = new AbortController();
    let reachable: Promise<boolean> | undefined;
    const timer = setTimeout(() => {
      reachable = this.isReachable();
      void reachable.then((ok) => {
        if (!ok) unreachable.abort();
      });
    }, PING_AFTER_MS);
    try {
      const answer = await this.within(ms, () =>
        this.client.withAbortSignal(unreachable.signal, () =>
          this.client.workflow.getHandle(workflowId).query(definition, ...(args as Args & unknown[])),
        ),
      );
      this.worker.record();
      return answer;
    } catch (error) {
      if (isWorkflowMissing(error)) return undefined;
      if (!isTimeout(error) && !isNotReady(error)) throw asSnapkeepError(error);
      throw (await (reachable ?? this.isReachable())) ? noWorker(error) : noTemporal(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Undefined when the workflow does not exist or has ended. */
  async signal<Args extends unknown[]>(
    workflowId: string,
    definition: SignalDefinition<Args>,
    args: Args,
  ): Promise<true | undefined> {
    return this.quick(() =>
      this.client.workflow
        .getHandle(workflowId)
        .signal<Args>(definition, ...args)
        .then(() => true as const),
    );
  }

  /** A call that needs no worker, in `ms`. Undefined when it named a workflow that does not exist. */
  async quick<Result>(call: () => Promise<Result>, ms = QUERY_MS): Promise<Result | undefined> {
    try {
      return await this.within(ms, call);
    } catch (error) {
      if (isWorkflowMissing(error)) return undefined;
      throw isTimeout(error) ? noTemporal(error) : asSnapkeepError(error);
    }
  }

  /** Whether the Temporal service answers. */
  async isReachable(ms = PING_MS): Promise<boolean> {
    try {
      await this.within(ms, () => this.client.workflowService.getSystemInfo({}));
      return true;
    } catch {
      return this.temporal.isFresh() || this.worker.isFresh();
    }
  }

  /** The client keeps to a deadline in each of its attempts, but may sleep past it between two. */
  private async within<Result>(ms: number, call: () => Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NoAnswerInTimeError(`no answer from Temporal in ${ms} ms`)), ms);
    });
    try {
      const answer = await Promise.race([this.client.withDeadline(Date.now() + ms, call), late]);
      this.temporal.record();
      return answer;
    } finally {
      clearTimeout(timer);
    }
  }
}

function noWorker(cause: unknown): SnapkeepError {
  return new SnapkeepError(
    'worker_unavailable',
    'no Snapkeep worker answers; start one with [snapkeep serve --role worker] and ask again',
    { cause },
  );
}

/** What the caller is told when Temporal is away. */
function noTemporal(cause: unknown): SnapkeepError {
  return new SnapkeepError('temporal_unavailable', 'the Temporal service does not answer; ask again when it is back', {
    cause,
  });
}
