import { type Client } from '@temporalio/client';
import { type StorePolicy } from '../blobs/contract/store-policy';
import { type JobOptions } from '../contracts/jobs/job';
import { type OpenRepositories } from '../registrations/open-repositories';
import { type Sealer } from '../registrations/sealer';
import { Jobs } from './job-list';
import { Places } from './reading/places';
import { RepositoryReader } from './reading/repository-reader';
import { Repositories } from './repositories/repositories';
import { Recoveries } from './restores/recoveries';
import { Restores } from './restores/restores';
import { Ledgers } from './running/ledgers';
import { RunningJobs } from './running/running-jobs';
import { ShardProgressReader } from './running/shard-progress';
import { RunningViews } from './snapshots/running-views';
import { SnapshotList } from './snapshots/snapshot-list';
import { SnapshotStatuses } from './snapshots/snapshot-statuses';
import { Snapshots } from './snapshots/snapshots';
import { type ClusterFacts, Health } from './start/health';
import { JobStarter } from './start/start-job';
import { TemporalCalls } from './temporal/temporal-calls';

interface SnapshotServiceParts {
  readonly client: Client;
  readonly cluster: ClusterFacts;
  readonly repositories: OpenRepositories;
  readonly sealer: Sealer;
  readonly policy: StorePolicy;
  /** What jobs are started with; read anew for each. */
  readonly options: JobOptions;
  readonly taskQueue: string;
  readonly logger: { warn(message: string): void };
  /** Address of the Temporal UI, for links; unset: none. */
  readonly temporalUi?: string;
}

/** Everything a front door can ask: typed requests in, JSON as Elasticsearch has it out, SnapkeepErrors thrown. */
export interface SnapshotService {
  readonly repositories: Repositories;
  readonly snapshots: Snapshots;
  readonly list: SnapshotList;
  readonly statuses: SnapshotStatuses;
  readonly restores: Restores;
  readonly recoveries: Recoveries;
  readonly jobs: Jobs;
  readonly health: Health;
}

/** Connects the parts. Nothing is asked of Temporal, the cluster or a store before the first request. */
export function createSnapshotService(parts: SnapshotServiceParts): SnapshotService {
  const { cluster, options, taskQueue, repositories: open } = parts;
  const calls = new TemporalCalls(parts.client);
  const health: Health = new Health(calls, cluster, (ms) => ledgers.askWorker(ms));
  const ledgers = new Ledgers(calls, taskQueue, health);
  const reader = new RepositoryReader(open);
  const warn = (message: string): void => parts.logger.warn(message);
  const places = new Places(reader, warn);
  const jobs = new RunningJobs(calls, ledgers);
  const starter = new JobStarter(calls, health, taskQueue, options, warn);
  const repositories = new Repositories(ledgers, places, jobs, open, parts.sealer, parts.policy);
  const running = new RunningViews(reader);
  const list = new SnapshotList(repositories, places, jobs, running, reader);
  const progress = new ShardProgressReader(calls);
  const recoveries = new Recoveries(calls, ledgers, places, jobs, health);
  return {
    repositories,
    list,
    health,
    snapshots: new Snapshots({
      calls,
      ledgers,
      places,
      health,
      starter,
      jobs,
      list,
      reader,
      cluster,
    }),
    statuses: new SnapshotStatuses(repositories, list, running, progress, reader),
    restores: new Restores(ledgers, places, starter, reader),
    recoveries,
    jobs: new Jobs({
      calls,
      ledgers,
      places,
      running: jobs,
      views: running,
      progress,
      recoveries,
      temporalUi: parts.temporalUi,
    }),
  };
}
