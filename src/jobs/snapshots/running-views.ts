import { LRUCache } from 'lru-cache';
import { isSnapkeepError } from '../../contracts/errors';
import { type Registration } from '../../contracts/registration';
import { type ObjectRef } from '../../contracts/stored';
import { type JobPlan, readPlan } from '../../snapshotting/job-plan';
import { type RepositoryReader } from '../reading/repository-reader';
import { type RunningSnapshot } from '../running/running-jobs';
import { runningView, type SnapshotView } from './snapshot-view';

/** Plans that are cached; a plan never changes. */
const PLANS_KEPT = 64;

/** Reads the plans of running snapshots from the bucket, and shows the snapshots with them. */
export class RunningViews {
  private readonly plans = new LRUCache<string, JobPlan>({ max: PLANS_KEPT });

  constructor(private readonly reader: RepositoryReader) {}

  /** Returns the plan; undefined before there is one, and after the job has ended. */
  async plan(registration: Registration, ref: ObjectRef | undefined): Promise<JobPlan | undefined> {
    if (ref === undefined) return undefined;
    const known = this.plans.get(ref.sha256);
    if (known !== undefined) return known;
    try {
      const plan = await this.reader.read(registration, ({ store }, signal) => readPlan(store, ref, { signal }));
      this.plans.set(ref.sha256, plan);
      return plan;
    } catch (error) {
      if (isSnapkeepError(error, 'blob_missing')) return undefined;
      throw error;
    }
  }

  /** Returns a running snapshot as lists show it. */
  async view(registration: Registration, running: RunningSnapshot): Promise<SnapshotView> {
    const { counts, copiedShards, failedShards, plan: ref } = running.shown;
    const plan = await this.plan(registration, ref);
    if (plan === undefined) return runningView(registration.name, running, undefined, { successful: 0, failed: 0 });
    return runningView(
      registration.name,
      running,
      {
        version: plan.cluster.version,
        indices: plan.indices.map((index) => index.name),
        dataStreams: (plan.dataStreams ?? []).map(({ name }) => name),
        shards: plan.indices.reduce((sum, index) => sum + index.shards.length, 0),
      },
      {
        successful: (counts?.unchangedShards ?? 0) + copiedShards,
        failed: (counts?.failedShards ?? 0) + failedShards,
      },
    );
  }
}
