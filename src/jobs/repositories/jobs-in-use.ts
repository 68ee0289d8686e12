/** Refuses changes of a registration that the jobs running under it would not survive. */
import { isDeepStrictEqual } from 'node:util';
import { type StorePolicy } from '../../blobs/contract/store-policy';
import { SnapkeepError } from '../../contracts/errors';
import { type ShownJob } from '../../contracts/jobs/ledger';
import { type Registration } from '../../contracts/registration';
import { parseShownSettings, type RepositorySettings } from '../../registrations/parse-settings';
import { type Places } from '../reading/places';
import { type RunningJobs } from '../running/running-jobs';

/** Jobs named in one message. */
const JOBS_NAMED = 5;

/** Finds the running jobs of a registration and decides which changes they rule out. */
export class JobsInUse {
  constructor(
    private readonly places: Places,
    private readonly jobs: RunningJobs,
    private readonly policy: StorePolicy,
  ) {}

  /**
   * Returns the jobs that were accepted under this name. If the store can't be read with the registered credentials,
   * reads it with those of `next`. If that fails too, returns none: a registration that never worked must not become
   * impossible to remove.
   */
  async of(registration: Registration, next?: Registration): Promise<ShownJob[]> {
    const found =
      (await this.places.findIfReadable(registration)) ??
      (next !== undefined && isDeepStrictEqual(this.storeOf(registration), this.storeOf(next))
        ? await this.places.findIfReadable(next)
        : undefined);
    if (found === undefined) return [];
    return (await this.jobs.all(found.place)).filter((job) => job.repository === registration.name);
  }

  /**
   * Throws `repository_in_use` when the new settings would take the store away from running jobs. Rates, compression
   * and sizes may change.
   */
  refuseStranding({ name, ...before }: Registration, now: RepositorySettings, jobs: readonly ShownJob[]): void {
    if (!isDeepStrictEqual(this.storeOf(before), now.store)) throw inUse(name, jobs, 'moving it to another store');
    if (now.write.readonly && jobs.some((job) => job.kind !== 'restore')) {
      throw inUse(name, jobs, 'making it readonly');
    }
  }

  /** Returns the store of a registration; undefined if the configuration of this process does not admit it. */
  private storeOf({
    type,
    settings,
  }: Pick<Registration, 'type' | 'settings'>): RepositorySettings['store'] | undefined {
    try {
      return parseShownSettings(type, settings, this.policy).store;
    } catch (error) {
      if (error instanceof SnapkeepError) return undefined;
      throw error;
    }
  }
}

/** Returns the error for a `change` that has to wait for the jobs. */
export function inUse(repository: string, jobs: readonly ShownJob[], change: string, cause?: unknown): SnapkeepError {
  const shown = jobs.slice(0, JOBS_NAMED).map((job) => `${job.kind} ${job.snapshot}`);
  if (jobs.length > JOBS_NAMED) shown.push(`${jobs.length - JOBS_NAMED} more`);
  return new SnapkeepError(
    'repository_in_use',
    `[${repository}] trying to modify or unregister repository that is currently used by [${shown.join('; ')}]: ` +
      `${change} has to wait until they have ended, or cancel them by deleting their snapshots`,
    { details: { repository }, cause },
  );
}
