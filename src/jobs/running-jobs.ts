import { type WorkflowExecutionStatusName } from '@temporalio/client';
import { type JobRepository, type SnapshotStatus } from '../contracts/jobs';
import { type JobKind, type ShownJob } from '../contracts/ledger';
import { snapshotStatusQuery } from '../../workflows/messages';
import { type Ledgers } from './ledgers';
import { type TemporalCalls } from './temporal-calls';

/** A snapshot being taken, and how far it is. */
export interface RunningSnapshot {
  readonly job: ShownJob;
  readonly status: SnapshotStatus;
}

const ENDED: readonly SnapshotStatus['state'][] = ['SUCCESS', 'PARTIAL', 'FAILED', 'ABORTED'];

/** The jobs that work on a repository now: those of its ledger, without the ones that were terminated unseen. */
export class RunningJobs {
  constructor(
    private readonly calls: TemporalCalls,
    private readonly ledgers: Ledgers,
  ) {}

  async all({ place }: JobRepository, kinds?: readonly JobKind[]): Promise<ShownJob[]> {
    const { running } = await this.ledgers.jobs(place);
    const asked = running.filter((job) => kinds === undefined || kinds.includes(job.kind));
    const alive = await Promise.all(asked.map((job) => this.isRunning(job.workflowId)));
    return asked.filter((_, i) => alive[i]);
  }

  /** Snapshots being taken, in the order they were asked for. One that ends meanwhile is in the root afterwards. */
  async snapshots(repository: JobRepository): Promise<RunningSnapshot[]> {
    const jobs = await this.all(repository, ['snapshot']);
    const statuses = await Promise.all(jobs.map((job) => this.calls.query(job.workflowId, snapshotStatusQuery, [])));
    return jobs.flatMap((job, i) => {
      const status = statuses[i];
      return status === undefined || ENDED.includes(status.state) ? [] : [{ job, status }];
    });
  }

  private async isRunning(workflowId: string): Promise<boolean> {
    const described = await this.calls.quick(() => this.calls.client.workflow.getHandle(workflowId).describe());
    return (described?.status.name as WorkflowExecutionStatusName | undefined) === 'RUNNING';
  }
}
