import { blockersOf, type Claiming } from '../../../src/contracts/jobs/job-order';
import { type JobReads, snapshotsInUse } from '../../../src/contracts/jobs/snapshots-in-use';

export interface RunningJob extends JobReads, Claiming {
  reads: JobReads['reads'];
}

/**
 * Who works on the repository, as one installation knows it: snapshots of the same indices come one after the other,
 * and nothing is marked while a job that has begun has not said what it reads. Of other installations it knows
 * nothing.
 */
export class Installation {
  private readonly running = new Set<RunningJob>();
  private marking = false;
  private waiting: (() => void)[] = [];

  /** Waits for snapshots of the same indices, and for marks. */
  async begin(snapshotUuid: string | undefined, indices: readonly string[]): Promise<RunningJob> {
    const job: RunningJob = { kind: 'snapshot', claims: indices, snapshotUuid, reads: undefined };
    await this.until(
      () => !this.marking && blockersOf(job, [...this.running]).length === 0,
      () => this.running.add(job),
    );
    return job;
  }

  knows(job: RunningJob, reads: Iterable<string>): void {
    job.reads = [...reads];
    this.changed();
  }

  end(job: RunningJob): void {
    this.running.delete(job);
    this.changed();
  }

  /** The snapshots that running jobs make. */
  made(): ReadonlySet<string> {
    return new Set([...this.running].flatMap(({ snapshotUuid }) => snapshotUuid ?? []));
  }

  /** `mark` gets what is in use; until it has ended no job begins. */
  async marks<T>(mark: (inUse: ReadonlySet<string>) => Promise<T>): Promise<T> {
    await this.until(
      () => !this.marking,
      () => {
        this.marking = true;
      },
    );
    try {
      let inUse: ReadonlySet<string> | undefined;
      await this.until(() => (inUse = snapshotsInUse(this.running)) !== undefined);
      return await mark(inUse as ReadonlySet<string>);
    } finally {
      this.marking = false;
      this.changed();
    }
  }

  /** Waits, and takes what it waited for at once: nobody else may find it free in between. */
  private async until(holds: () => boolean, take?: () => void): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
    take?.();
  }

  private changed(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}
