import {
  type Client,
  type QueryDefinition,
  type SignalDefinition,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { Coalescer } from '../../concurrency/coalescer';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { LastAnswer } from './last-answer';
import { asSnapkeepError, isNotReady, isTimeout, isWorkflowMissing, NoAnswerInTimeError } from './temporal-failures';

/** Ms that a call may take: well below the five seconds within which callers are promised an answer. */
export const QUERY_MS = 3_200;
/** Attempts of a read that exceeds its deadline while Temporal answers other calls. */
const READ_ATTEMPTS = 5;
/** Ms without an answer after which a query checks that Temporal is up, and ms that this check may take. */
const PING_AFTER_MS = 1_000;
const PING_MS = 1_500;

/**
 * Makes calls to Temporal that end within a deadline. When a call can't end, its error names the component that is
 * down: a query needs a worker, all other calls need Temporal alone. Concurrent callers with the same query share one
 * call.
 */
export class TemporalCalls {
  /** Recorded for every answer that only a worker can give. */
  readonly worker = new LastAnswer();
  private readonly temporal = new LastAnswer();
  private readonly shared = new Coalescer();

  constructor(readonly client: Client) {}

  /**
   * Queries a workflow. Returns undefined if the workflow does not exist, or was deleted. Throws `worker_unavailable`
   * when Temporal answers and no worker does, `temporal_unavailable` when neither does. The answer is shared: don't
   * change it.
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

  /**
   * Returns the description of a workflow, with its memo; undefined if it does not exist. Needs no worker. The answer
   * is shared: don't change it.
   */
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

  /** Signals a workflow. Returns undefined if the workflow does not exist or has ended. */
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

  /**
   * Makes a call that needs no worker, within `ms`. Returns undefined if the workflow does not exist. Throws
   * `temporal_unavailable` when the deadline is exceeded.
   */
  async quick<Result>(call: () => Promise<Result>, ms = QUERY_MS): Promise<Result | undefined> {
    try {
      return await this.within(ms, call);
    } catch (error) {
      if (isWorkflowMissing(error)) return undefined;
      throw isTimeout(error) ? noTemporal(error) : asSnapkeepError(error);
    }
  }

  /** Returns whether the Temporal service answers, or has answered another call recently. */
  async isReachable(ms = PING_MS): Promise<boolean> {
    try {
      await this.within(ms, () => this.client.workflowService.getSystemInfo({}));
      return true;
    } catch {
      return this.temporal.isFresh() || this.worker.isFresh();
    }
  }

  /**
   * Makes a call within `ms`. The race is needed because the client may sleep past its deadline between two attempts.
   */
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

function noTemporal(cause: unknown): SnapkeepError {
  return new SnapkeepError('temporal_unavailable', 'the Temporal service does not answer; ask again when it is back', {
    cause,
  });
}
