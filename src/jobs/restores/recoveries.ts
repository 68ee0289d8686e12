import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { type ShownJob } from '../../contracts/jobs/ledger';
import { type IndexRecovery, type RestoreStatus } from '../../contracts/jobs/recovery';
import {
  cancelIndexRestoreSignal,
  restoreGroupStatusQuery,
  restoreStatusQuery,
} from '../../contracts/jobs/workflow-messages';
import { type Places } from '../reading/places';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type LedgerReader } from '../running/ledger-reader';
import { type RunningJobs } from '../running/running-jobs';
import { type Health } from '../start/health';
import { waitWhileHealthy } from '../start/wait-while-healthy';
import { QUERY_MS, type TemporalCalls } from '../temporal/temporal-calls';

/** An index that is being restored, or was restored. */
export interface Recovery {
  readonly workflowId: string;
  /** Id of the restore. */
  readonly id: string;
  readonly repository: string;
  readonly snapshot: string;
  /** Version of the cluster that the snapshot was taken from. */
  readonly version: string;
  readonly index: IndexRecovery;
}

/** Ended restores whose status is cached; it never changes. */
const ENDED_KEPT = 1_000;
/** Ms between checks of an index whose restore is being stopped. */
const STOP_CHECK_MS = 100;

/** Lists the restores of all repositories for `_recovery`, and stops the restore of an index. */
export class Recoveries {
  private readonly ended = new LRUCache<string, readonly Recovery[]>({ max: ENDED_KEPT });

  constructor(
    private readonly calls: TemporalCalls,
    private readonly registrations: RegistrationsClient,
    private readonly ledgers: LedgerReader,
    private readonly places: Places,
    private readonly jobs: RunningJobs,
    private readonly health: Health,
  ) {}

  /** Returns running and recently ended restores; of several restores of one index, the newest. */
  async all(): Promise<Recovery[]> {
    const shown = await Promise.all((await this.allPlaces()).map((place) => this.ledgers.read(place)));
    const jobs = shown.flatMap(({ ended, running }) =>
      // A restore that failed or was stopped as a whole left no index to show.
      [...ended.filter(({ state }) => state === 'SUCCESS' || state === 'PARTIAL'), ...running].filter(
        (job) => job.kind === 'restore',
      ),
    );
    const found = (await Promise.all(jobs.map((job) => this.ofJob(job)))).flat();
    const newest = new Map<string, Recovery>();
    for (const recovery of found) {
      const other = newest.get(recovery.index.target);
      if (other === undefined || other.index.startMillis <= recovery.index.startMillis) {
        newest.set(recovery.index.target, recovery);
      }
    }
    return [...newest.values()];
  }

  /** Returns the indices that are being restored now. */
  async running(): Promise<Recovery[]> {
    const jobs = (await Promise.all((await this.allPlaces()).map((place) => this.jobs.all(place, ['restore'])))).flat();
    const found = (await Promise.all(jobs.map((job) => this.ofJob(job)))).flat();
    return found.filter(({ index }) => index.state === 'WAITING' || index.state === 'RUNNING');
  }

  /** Stops the restore of one index. Returns when everything it wrote is deleted, or when it had ended before. */
  async stop(recovery: Recovery): Promise<void> {
    const { target } = recovery.index;
    await this.calls.signal(recovery.workflowId, cancelIndexRestoreSignal, [{ index: target }]);
    await waitWhileHealthy(this.health, async (signal) => {
      for (;;) {
        const job = { workflowId: recovery.workflowId };
        const now = (await this.ofJob(job)).find(({ index }) => index.target === target);
        if (now === undefined || (now.index.state !== 'WAITING' && now.index.state !== 'RUNNING')) return;
        await sleep(STOP_CHECK_MS, undefined, { signal });
      }
    });
  }

  /** Returns each place once, even if several names lead to it. Leaves out repositories that can't be read. */
  private async allPlaces(): Promise<string[]> {
    return this.places.ofAll(await this.registrations.list());
  }

  /**
   * Returns the status that a restore and its child workflows report; undefined if there is no such job. Throws
   * `worker_unavailable` when no worker answers.
   */
  async statusOf(
    job: Pick<ShownJob, 'workflowId'>,
  ): Promise<{ readonly status: RestoreStatus; readonly indices: readonly IndexRecovery[] } | undefined> {
    const status = await this.calls.query(job.workflowId, restoreStatusQuery, QUERY_MS, 0);
    if (status === undefined) return undefined;
    const groups = await Promise.all(status.groups.map((id) => this.calls.query(id, restoreGroupStatusQuery)));
    // A group that ends between two questions is in the answers to both: the later one counts.
    const indices = new Map<string, IndexRecovery>();
    const add = (some: readonly IndexRecovery[]): void => some.forEach((index) => indices.set(index.target, index));
    add(status.indices);
    groups.forEach((group) => add(group ?? []));
    for (let { next } = status; next !== undefined;) {
      const more = await this.calls.query(job.workflowId, restoreStatusQuery, QUERY_MS, next);
      add(more?.indices ?? []);
      next = more?.next;
    }
    return { status, indices: [...indices.values()] };
  }

  private async ofJob(job: Pick<ShownJob, 'workflowId'>): Promise<readonly Recovery[]> {
    const known = this.ended.get(job.workflowId);
    if (known !== undefined) return known;
    const found = await this.statusOf(job);
    if (found === undefined) return [];
    const { status, indices } = found;
    const recoveries = indices.map((index) => recoveryOf(job.workflowId, status, index));
    if (status.state !== 'STARTED') this.ended.set(job.workflowId, recoveries);
    return recoveries;
  }
}

function recoveryOf(workflowId: string, status: RestoreStatus, index: IndexRecovery): Recovery {
  const { repository, snapshot, version } = status;
  return { workflowId, id: workflowId.slice(workflowId.lastIndexOf('/') + 1), repository, snapshot, version, index };
}
