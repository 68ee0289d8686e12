import { type cloneSnapshotWorkflow } from '../../../workflows';
import { repositoryReadonly } from '../../contracts/common-errors';
import { type CloneSnapshotInput } from '../../contracts/jobs/clone';
import { workflowIds } from '../../contracts/workflow-ids';
import { resolveDateMath } from '../../elasticsearch/date-math';
import { checkSnapshotName } from '../../elasticsearch/snapshot-name-rules';
import { newSnapshotUuid } from '../../repository/format/keys';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type ClusterFacts } from '../start/health';
import { type JobStarter } from '../start/start-job';
import { nameInUse } from './name-in-use';

interface CloneRequest extends Pick<CloneSnapshotInput, 'source' | 'indices' | 'ignoreUnavailable'> {
  readonly repository: string;
  /** Name of the clone as the caller wrote it; may contain date math. */
  readonly target: string;
}

/** Clones snapshots. */
export class SnapshotCloner {
  constructor(
    private readonly parts: {
      readonly registrations: RegistrationsClient;
      readonly places: Places;
      readonly starter: JobStarter;
      readonly reader: RepositoryReader;
      readonly cluster: ClusterFacts;
    },
  ) {}

  /**
   * Clones a snapshot. When this returns, lists show the clone, and the source may be deleted. Throws
   * `repository_missing_exception`, `invalid_snapshot_name_exception`, the error of the cluster's version for a name in
   * use, `snapshot_missing_exception`, `index_not_found_exception`, `snapshot_refused`, or the error of the component
   * that is down.
   */
  async clone({ repository, source, target, indices, ignoreUnavailable }: CloneRequest): Promise<void> {
    const { registrations, places, starter, reader, cluster } = this.parts;
    const startMillis = Date.now();
    const registration = await registrations.get(repository);
    const snapshot = resolveDateMath(target, startMillis);
    checkSnapshotName(repository, snapshot);
    if (reader.isReadonly(registration)) throw repositoryReadonly(repository);
    const bound = await places.bind(registration);
    const uuid = newSnapshotUuid();
    const options = starter.jobOptions();
    try {
      await starter.start<typeof cloneSnapshotWorkflow>({
        type: 'cloneSnapshotWorkflow',
        // The id of a snapshot that is taken under the name, so that one excludes the other.
        workflowId: workflowIds.snapshot(repository, snapshot),
        args: [{ repository: bound, source, snapshot, uuid, startMillis, indices, ignoreUnavailable, options }],
        kind: 'clone',
        repository,
        snapshot,
        token: uuid,
        summary: `clone ${source} of ${repository} as ${snapshot}`,
        details: `Clones ${indices.join(', ')} of snapshot **${source}** in repository **${repository}** as **${snapshot}**`,
        check: reader.check(registration),
      });
    } catch (error) {
      throw await nameInUse(cluster, repository, snapshot, error);
    }
  }
}
