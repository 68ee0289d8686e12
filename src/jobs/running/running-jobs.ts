import { type WorkflowExecutionDescription } from '@temporalio/client';
import { type JobRepository } from '../../contracts/jobs/job';
import { type JobKind, type ShownJob } from '../../contracts/jobs/ledger';
import { type ShownSnapshot, SNAPSHOT_MEMO } from '../../contracts/jobs/snapshot';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { type LedgerReader } from './ledger-reader';

/** A running snapshot, and what its job shows in its memo. */
export interface RunningSnapshot {
  readonly job: ShownJob;
  readonly shown: ShownSnapshot;
}

interface LiveJob {
  readonly job: ShownJob;
  readonly described: WorkflowExecutionDescription;
}

const ENDED: readonly ShownSnapshot['state'][] = ['SUCCESS', 'PARTIAL', 'FAILED', 'ABORTED'];

/**
 * Lists the jobs that run on a place now. These are the jobs of its ledger, except those that were terminated without
 * leaving it. Needs no worker.
 */
export class RunningJobs {
  constructor(
    private readonly calls: TemporalCalls,
    private readonly ledgers: LedgerReader,
  ) {}

  /** Returns the running jobs of a place, optionally of some kinds only, in the order of their requests. */
  async all(place: string, kinds?: readonly JobKind[]): Promise<ShownJob[]> {
    return (await this.live(place, kinds)).map(({ job }) => job);
  }

  /**
   * Returns the running snapshots, in the order of their requests. A snapshot that ends during the call is in the root
   * afterwards.
   */
  async snapshots({ place }: JobRepository): Promise<RunningSnapshot[]> {
    return (await this.live(place, ['snapshot'])).flatMap(({ job, described }) => {
      const shown = described.memo?.[SNAPSHOT_MEMO] as ShownSnapshot | undefined;
      return shown === undefined || ENDED.includes(shown.state) ? [] : [{ job, shown }];
    });
  }

  private async live(place: string, kinds: readonly JobKind[] | undefined): Promise<LiveJob[]> {
    const { running } = await this.ledgers.read(place);
    const asked = running.filter((job) => kinds === undefined || kinds.includes(job.kind));
    const described = await Promise.all(asked.map((job) => this.calls.describe(job.workflowId)));
    return asked.flatMap((job, i) => {
      const one = described[i];
      return one?.status.name === 'RUNNING' ? [{ job, described: one }] : [];
    });
  }
}
