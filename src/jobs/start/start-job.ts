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
import { Turns } from '../../concurrency/turns';
import { SnapkeepError } from '../../contracts/errors';
import { type JobOptions } from '../../contracts/jobs/job';
import { type JobKind } from '../../contracts/jobs/ledger';
import { acceptedUpdate } from '../../contracts/jobs/workflow-messages';
import { startAttributes } from '../../contracts/search-attributes';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { asSnapkeepError, isWorkflowMissing } from '../temporal/temporal-failures';
import { type Health } from './health';
import { type ExtraCheck, waitWhileHealthy } from './wait-while-healthy';
import { type JobWithdrawal } from './withdraw-job';

/** A job to start. */
interface JobRequest<T extends Workflow> {
  readonly type: string;
  readonly workflowId: string;
  readonly args: Parameters<T>;
  readonly kind: JobKind;
  readonly repository: string;
  /** '' for a job without one. */
  readonly snapshot: string;
  /** Identifies this job among others of its workflow id: its uuid or random id. */
  readonly token: string;
  /** Memo that is shown until the job's first step replaces it. */
  readonly memo?: Readonly<Record<string, unknown>>;
  readonly summary: string;
  readonly details: string;
  readonly check: ExtraCheck;
}

/** Is thrown when a job with the same workflow id runs. */
export class JobExistsError extends Error {
  constructor(readonly workflowId: string) {
    super(`a job [${workflowId}] runs already`);
    this.name = 'JobExistsError';
  }
}

/** Jobs that wait concurrently for being accepted. More of them queue here, so that Temporal can answer other calls. */
const STARTED_AT_ONCE = 32;
/** Ms between attempts to read a job's result while Temporal is down. */
const RESULT_AGAIN_MS = 500;

/** Starts jobs, and waits for their results. */
export class JobStarter {
  private readonly starting = new Turns(STARTED_AT_ONCE);

  constructor(
    private readonly calls: TemporalCalls,
    private readonly health: Health,
    private readonly taskQueue: string,
    private readonly options: JobOptions,
    private readonly withdrawal: JobWithdrawal,
  ) {}

  /**
   * Returns the options for the next job. They may change, because search attributes are registered in the background.
   */
  jobOptions(): JobOptions {
    const { retryWindowMs, dataTaskQueue, searchAttributes } = this.options;
    return { retryWindowMs, dataTaskQueue, searchAttributes };
  }

  /**
   * Starts the job and returns when it was accepted. Throws {@link JobExistsError}, or the reason for which the job was
   * refused. If a component is down, cancels the job and throws the component's error.
   */
  async start<T extends Workflow>(request: JobRequest<T>): Promise<WorkflowHandle<T>> {
    const { client } = this.calls;
    const accepted = async (): Promise<string> => {
      const update = await client.workflow.startUpdateWithStart(acceptedUpdate, {
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation<T>(
          request.type,
          startOptions(request, this.taskQueue, this.options.searchAttributes),
        ),
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
      if (isTrouble(reason)) await this.withdrawal.withdraw(request.workflowId, request.token);
      throw reason;
    }
  }

  /**
   * Waits for the result of a job, without a time limit and across restarts of Temporal. `signal` ends the waiting, not
   * the job. Throws `WorkflowFailedError` when the job failed.
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
}

function isTrouble(error: unknown): boolean {
  return error instanceof SnapkeepError && error.retryable;
}

function startOptions<T extends Workflow>(
  request: JobRequest<T>,
  taskQueue: string,
  searchAttributes: boolean,
): WorkflowStartOptions<T> & { workflowIdConflictPolicy: WorkflowIdConflictPolicy } {
  const { workflowId, args, memo, repository, snapshot, kind, token } = request;
  const options = {
    workflowId,
    taskQueue,
    args,
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    staticSummary: request.summary.slice(0, 180),
    staticDetails: request.details.slice(0, 4_000),
    memo: { ...memo, repository, snapshot, kind, token },
    typedSearchAttributes: searchAttributes ? startAttributes(request) : undefined,
  };
  return options as unknown as WorkflowStartOptions<T> & { workflowIdConflictPolicy: WorkflowIdConflictPolicy };
}
