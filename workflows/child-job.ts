import { type ChildWorkflowOptions, ParentClosePolicy } from '@temporalio/workflow';
import { type JobOptions } from '../src/contracts/jobs/job';
import { type JobKind } from '../src/contracts/jobs/ledger';
import { startAttributes } from '../src/contracts/search-attributes';

/** A job that a policy starts. */
interface ChildJob {
  readonly workflowId: string;
  readonly kind: JobKind;
  readonly repository: string;
  readonly snapshot: string;
  readonly token: string;
  readonly memo?: Readonly<Record<string, unknown>>;
  readonly summary: string;
  readonly options: JobOptions;
}

type ShownOptions = Pick<
  ChildWorkflowOptions,
  'workflowId' | 'parentClosePolicy' | 'staticSummary' | 'memo' | 'typedSearchAttributes'
>;

/**
 * Returns the options of a job that a workflow starts, so that it is shown as one that a front door starts
 * (src/jobs/start/start-job.ts). It goes on when its parent is terminated.
 */
export function childJobOptions(job: ChildJob): ShownOptions {
  const { workflowId, kind, repository, snapshot, token, memo, summary, options } = job;
  return {
    workflowId,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    staticSummary: summary.slice(0, 180),
    memo: { ...memo, repository, snapshot, kind, token },
    typedSearchAttributes: options.searchAttributes ? startAttributes(job) : undefined,
  };
}
