import { type Client } from '@temporalio/client';
import { type StorePolicy } from '../blobs/contract/store-policy';
import { type JobOptions } from '../contracts/jobs/job';
import { type OpenRepositories } from '../registrations/open-repositories';
import { type Sealer } from '../registrations/sealer';
import { JobDetails } from './overview/job-details';
import { JobList } from './overview/job-list';
import { PoliciesClient } from './policies/policies-client';
import { PolicyRunner } from './policies/policy-runner';
import { SlmPolicies } from './policies/slm-policies';
import { SmPolicies } from './policies/sm-policies';
import { Places } from './reading/places';
import { RepositoryReader } from './reading/repository-reader';
import { JobsInUse } from './repositories/jobs-in-use';
import { PollingWorkers } from './repositories/polling-workers';
import { RegistrationsClient } from './repositories/registrations-client';
import { Repositories } from './repositories/repositories';
import { RepositoryAnalysis } from './repositories/repository-analysis';
import { RepositoryCleanup } from './repositories/repository-cleanup';
import { StoreVerifier } from './repositories/verify-store';
import { Recoveries } from './restores/recoveries';
import { Restores } from './restores/restores';
import { LedgerReader } from './running/ledger-reader';
import { RunningJobs } from './running/running-jobs';
import { ShardProgressReader } from './running/shard-progress';
import { RunningViews } from './snapshots/running-views';
import { SnapshotCloner } from './snapshots/snapshot-cloner';
import { SnapshotCreator } from './snapshots/snapshot-creator';
import { SnapshotDeleter } from './snapshots/snapshot-deleter';
import { SnapshotDetails } from './snapshots/snapshot-details';
import { SnapshotList } from './snapshots/snapshot-list';
import { SnapshotStatuses } from './snapshots/snapshot-statuses';
import { type ClusterFacts, Health } from './start/health';
import { JobStarter } from './start/start-job';
import { JobWithdrawal } from './start/withdraw-job';
import { TemporalCalls } from './temporal/temporal-calls';

interface SnapshotServiceParts {
  readonly client: Client;
  readonly cluster: ClusterFacts;
  readonly repositories: OpenRepositories;
  readonly sealer: Sealer;
  readonly policy: StorePolicy;
  /** Options of every new job; read again for each, because they may change. */
  readonly options: JobOptions;
  readonly taskQueue: string;
  /** Name of this process, as Temporal shows it. */
  readonly identity: string;
  /** Least ms between two snapshots of an SLM policy. */
  readonly slmMinimumIntervalMs: number;
  readonly logger: { warn(message: string): void };
  /** Address of the Temporal UI, for links; unset: no links. */
  readonly temporalUi?: string;
}

/**
 * Everything that the HTTP API can ask for. Takes typed requests, returns JSON in Elasticsearch's form, and throws
 * SnapkeepErrors.
 */
export interface SnapshotService {
  readonly repositories: Repositories;
  readonly analysis: RepositoryAnalysis;
  readonly cleanup: RepositoryCleanup;
  readonly creator: SnapshotCreator;
  readonly cloner: SnapshotCloner;
  readonly deleter: SnapshotDeleter;
  readonly list: SnapshotList;
  readonly statuses: SnapshotStatuses;
  readonly details: SnapshotDetails;
  readonly restores: Restores;
  readonly recoveries: Recoveries;
  readonly jobs: JobList;
  readonly slm: SlmPolicies;
  readonly sm: SmPolicies;
  readonly health: Health;
}

/** Creates the service. Calls neither Temporal, nor the cluster, nor a store before the first request. */
export function createSnapshotService(parts: SnapshotServiceParts): SnapshotService {
  const { cluster, options, taskQueue, identity, repositories: open, sealer, policy, temporalUi } = parts;
  const warn = (message: string): void => parts.logger.warn(message);
  const calls = new TemporalCalls(parts.client);
  const health: Health = new Health(calls, cluster, (ms) => registrations.askWorker(ms));
  const registrations = new RegistrationsClient(calls, taskQueue, health);
  const ledgers = new LedgerReader(calls);
  const reader = new RepositoryReader(open);
  const places = new Places(reader, warn);
  const running = new RunningJobs(calls, ledgers);
  const starter = new JobStarter(calls, health, taskQueue, options, new JobWithdrawal(calls, warn));
  const jobs = new JobsInUse(places, running, policy);
  const workers = new PollingWorkers(calls, taskQueue);
  const verifier = new StoreVerifier(open, registrations, workers, taskQueue);
  const repositories = new Repositories({ calls, registrations, places, jobs, verifier, identity, sealer, policy });
  const views = new RunningViews(reader);
  const list = new SnapshotList(repositories, places, running, views, reader);
  const progress = new ShardProgressReader(calls);
  const recoveries = new Recoveries(calls, registrations, ledgers, places, running, health);
  const policies = new PoliciesClient(calls, taskQueue, health);
  const runner = new PolicyRunner(calls, health, starter, taskQueue);
  const minimumIntervalMs = parts.slmMinimumIntervalMs;
  const jobDetails = new JobDetails({ calls, registrations, views, progress, recoveries });
  return {
    repositories,
    analysis: new RepositoryAnalysis({ registrations, verifier, starter, reader, taskQueue, identity }),
    cleanup: new RepositoryCleanup(registrations, places, starter, reader),
    creator: new SnapshotCreator({ registrations, places, starter, list, reader, cluster }),
    cloner: new SnapshotCloner({ registrations, places, starter, reader, cluster }),
    deleter: new SnapshotDeleter({ calls, registrations, places, health, starter, list, reader }),
    list,
    statuses: new SnapshotStatuses(repositories, list, views, progress, reader),
    details: new SnapshotDetails(registrations, list, reader),
    restores: new Restores(registrations, places, starter, reader),
    recoveries,
    jobs: new JobList({ calls, registrations, ledgers, places, running, details: jobDetails, temporalUi }),
    slm: new SlmPolicies({ policies, runner, registrations, places, running, cluster, minimumIntervalMs }),
    sm: new SmPolicies(policies),
    health,
  };
}
