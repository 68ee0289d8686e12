import { setTimeout as sleep } from 'node:timers/promises';
import {
  WithStartWorkflowOperation,
  type Workflow,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type WorkflowResultType,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { Turns } from '../../concurrency/turns';
import { SnapkeepError } from '../../contracts/errors';
import { type JobOptions } from '../../contracts/jobs/job';
import { type JobKind } from '../../contracts/jobs/ledger';
import { acceptedUpdate } from '../../contracts/jobs/workflow-messages';
import { JOB_KIND, JOB_REPOSITORY, JOB_SNAPSHOT, JOB_STATE } from '../../contracts/search-attributes';
import { asSnapkeepError, isWorkflowMissing } from '../temporal/failures';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { type Health } from './health';
import { type ExtraCheck, waitWhileHealthy } from './wait-while-healthy';

/** A job to start. */
interface JobRequest<T extends Workflow> {
  readonly type: string;
  readonly workflowId: string;
  readonly args: Parameters<T>;
  readonly kind: JobKind;
  readonly repository: string;
  readonly snapshot: string;
  /** What makes this very job known again: its uuid or random id. */
  readonly token: string;
  /** What the job shows of itself before its first step. */
  readonly memo?: Readonly<Record<string, unknown>>;
  readonly summary: string;
  readonly details: string;
  readonly check: ExtraCheck;
}

/** A job of the same name runs already. */
export class JobExistsError extends Error {
  constructor(readonly workflowId: string) {
    super(`a job [${workflowId}] runs already`);
    this.name = 'JobExistsError';
  }
}

/** Ms after which a job that was not accepted is looked for again, to take it back. */
const WITHDRAW_AGAIN_MS = [500, 1_000, 2_000, 5_000, 15_000, 30_000, 60_000];
/** Ms the answer to a caller may wait for the taking back. */
const WITHDRAW_MS = 500;
/** Jobs on their way to being accepted; more of them wait here, so that Temporal has time for other questions. */
const STARTED_AT_ONCE = 32;
/** Ms between looks at a job while Temporal is away. */
const RESULT_AGAIN_MS = 500;

/** Starts jobs, and waits for them as long as a caller does. */
export class JobStarter {
  private readonly starting = new Turns(STARTED_AT_ONCE);

  constructor(
    private readonly calls: TemporalCalls,
    private readonly health: Health,
    private readonly taskQueue: string,
    private readonly options: JobOptions,
    private readonly warn: (message: string) => void,
  ) {}

  /** What the next job gets. Read anew each time: whether search attributes are registered may be found out later. */
  jobOptions(): JobOptions {
    const { retryWindowMs, dataTaskQueue, searchAttributes } = this.options;
    return { retryWindowMs, dataTaskQueue, searchAttributes };
  }

  /**
   * Starts the job and returns once it is under way. Throws {@link JobExistsError}; the reason why it can't be done; or
   * which part is down, in which case the job is taken back and nothing of it stays.
   */
  async start<T extends Workflow>(request: JobRequest<T>): Promise<WorkflowHandle<T>> {
    const { client } = this.calls;
    const accepted = async (): Promise<string> => {
      const update = await client.workflow.startUpdateWithStart(acceptedUpdate, {
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation<T>(request.type, this.startOptions(request)),
      });
      await update.result();
      this.calls.worker.record();
      return update.workflowRunId as string;
    };
    try {
      const runId = await waitWhileHealthy(
        this.health,
        (signal) => this.starting.take(signal, () => client.withAbortSignal(signal, accepted)),
        request.check,
      );
      return client.workflow.getHandle<T>(request.workflowId, runId);
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw new JobExistsError(request.workflowId);
      const reason = asSnapkeepError(error);
      if (isTrouble(reason)) await this.withdraw(request.workflowId, request.token);
      throw reason;
    }
  }

  /**
   * The result of a job, however long it takes and whatever restarts meanwhile. `signal` ends the waiting, not the job.
   * Throws what the job ended with as `WorkflowFailedError`.
   */
  async result<T extends Workflow>(handle: WorkflowHandle<T>, signal: AbortSignal): Promise<WorkflowResultType<T>> {
    for (;;) {
      try {
        const result = await this.calls.client.withAbortSignal(signal, () => handle.result());
        this.calls.worker.record();
        return result;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof WorkflowFailedError) this.calls.worker.record();
        if (error instanceof WorkflowFailedError || isWorkflowMissing(error)) throw error;
        await sleep(RESULT_AGAIN_MS, undefined, { signal });
      }
    }
  }

  private startOptions<T extends Workflow>(
    request: JobRequest<T>,
  ): WorkflowStartOptions<T> & { workflowIdConflictPolicy: WorkflowIdConflictPolicy } {
    const options = {
      workflowId: request.workflowId,
      taskQueue: this.taskQueue,
      args: request.args,
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: request.summary.slice(0, 180),
      staticDetails: request.details.slice(0, 4_000),
      memo: {
        ...request.memo,
        repository: request.repository,
        snapshot: request.snapshot,
        kind: request.kind,
        token: request.token,
      },
      typedSearchAttributes: this.options.searchAttributes
        ? new TypedSearchAttributes([
            { key: JOB_REPOSITORY, value: request.repository },
            { key: JOB_SNAPSHOT, value: request.snapshot },
            { key: JOB_KIND, value: request.kind },
            { key: JOB_STATE, value: 'STARTED' },
          ])
        : undefined,
    };
    return options as unknown as WorkflowStartOptions<T> & { workflowIdConflictPolicy: WorkflowIdConflictPolicy };
  }

  /**
   * Takes a job back that the caller is told was not started. Where Temporal itself is away the request may still be on
   * its way, so the job is looked for again in the background.
   */
  private async withdraw(workflowId: string, token: string): Promise<void> {
    const again = async (): Promise<void> => {
      for (const ms of WITHDRAW_AGAIN_MS) {
        await sleep(ms, undefined, { ref: false });
        if (await this.tryWithdraw(workflowId, token)) return;
      }
    };
    const first = this.tryWithdraw(workflowId, token);
    void first.then(async (done) => {
      if (!done) await again();
    });
    await Promise.race([first, sleep(WITHDRAW_MS, undefined, { ref: false })]);
  }

  /** Whether the job was found and stopped, or is none of ours. */
  private async tryWithdraw(workflowId: string, token: string): Promise<boolean> {
    const { workflow } = this.calls.client;
    try {
      const found = await this.calls.quick(() => workflow.getHandle(workflowId).describe(), 2_000);
      if (found === undefined) return false;
      if (found.memo?.token !== token || found.status.name !== 'RUNNING') return found.memo?.token === token;
      const handle = workflow.getHandle(workflowId, found.runId);
      await this.calls.quick(() => handle.cancel(), 2_000);
      // One that no worker has seen has left nothing to roll back: it need not wait for a worker to be over.
      const history = await this.calls.quick(() => handle.fetchHistory(), 2_000);
      const wasSeen = history?.events?.some((event) => event.workflowTaskCompletedEventAttributes != null) ?? true;
      if (!wasSeen) await this.calls.quick(() => handle.terminate('not accepted in time'), 2_000);
      return true;
    } catch (error) {
      this.warn(`job [${workflowId}] could not be taken back yet: ${(error as Error).message}`);
      return false;
    }
  }
}

function isTrouble(error: unknown): boolean {
  return error instanceof SnapkeepError && error.retryable;
}
