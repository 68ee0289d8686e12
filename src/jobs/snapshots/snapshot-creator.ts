import { type createSnapshotWorkflow } from '../../../workflows';
import { repositoryReadonly, snapshotMissing } from '../../contracts/common-errors';
import { SnapkeepError } from '../../contracts/errors';
import {
  type CreateSnapshotInput,
  shownAtStart,
  SNAPSHOT_MEMO,
  type SnapshotRequest,
} from '../../contracts/jobs/snapshot';
import { type Registration } from '../../contracts/registration';
import { workflowIds } from '../../contracts/workflow-ids';
import { resolveDateMath } from '../../elasticsearch/date-math';
import { type JsonObject } from '../../elasticsearch/json-value';
import { checkSnapshotName } from '../../elasticsearch/snapshot-name-rules';
import { newSnapshotUuid } from '../../repository/format/keys';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type ClusterFacts } from '../start/health';
import { type JobStarter } from '../start/start-job';
import { asSnapkeepError, isStopped } from '../temporal/temporal-failures';
import { nameInUse } from './name-in-use';
import { type InfoForm } from './snapshot-info';
import { type SnapshotList } from './snapshot-list';

interface CreateRequest {
  readonly repository: string;
  /** Name as the caller wrote it; may contain date math. */
  readonly snapshot: string;
  readonly request: SnapshotRequest;
}

/** A snapshot that was accepted. */
interface StartedSnapshot {
  /** Name with date math resolved. */
  readonly snapshot: string;
  /**
   * Waits, without a time limit, for the end of the job and returns the finished snapshot as JSON. `signal` ends the
   * waiting only. Throws the reason when the job failed, and `snapshot_aborted` when the snapshot was deleted.
   */
  finished(signal: AbortSignal, form: InfoForm): Promise<JsonObject>;
}

/** Starts jobs that take a snapshot. */
export class SnapshotCreator {
  constructor(
    private readonly parts: {
      readonly registrations: RegistrationsClient;
      readonly places: Places;
      readonly starter: JobStarter;
      readonly list: SnapshotList;
      readonly reader: RepositoryReader;
      readonly cluster: ClusterFacts;
    },
  ) {}

  /**
   * Starts a snapshot. When this returns, lists show it. Throws `repository_missing_exception`,
   * `invalid_snapshot_name_exception`, the error of the cluster's version for a name in use, or the error of the
   * component that is down.
   */
  async create({ repository, snapshot: asked, request }: CreateRequest): Promise<StartedSnapshot> {
    const { registrations, places, starter, reader, cluster } = this.parts;
    const startMillis = Date.now();
    const snapshot = resolveDateMath(asked, startMillis);
    const registration = await registrations.get(repository);
    checkSnapshotName(repository, snapshot);
    if (reader.isReadonly(registration)) throw repositoryReadonly(repository);
    const bound = await places.bind(registration);
    const uuid = newSnapshotUuid();
    const input: CreateSnapshotInput = {
      repository: bound,
      snapshot,
      uuid,
      startMillis,
      request,
      options: starter.jobOptions(),
    };
    try {
      const handle = await starter.start<typeof createSnapshotWorkflow>({
        type: 'createSnapshotWorkflow',
        workflowId: workflowIds.snapshot(repository, snapshot),
        args: [input],
        kind: 'snapshot',
        repository,
        snapshot,
        token: uuid,
        memo: { [SNAPSHOT_MEMO]: shownAtStart(input) },
        summary: `snapshot ${repository}/${snapshot}`,
        details: `Snapshot **${snapshot}** of ${request.indices?.join(', ') ?? 'all open indices'} in repository **${repository}**`,
        check: reader.check(registration),
      });
      return {
        snapshot,
        finished: (signal, form) => this.finished(registration, snapshot, uuid, form, starter.result(handle, signal)),
      };
    } catch (error) {
      throw await nameInUse(cluster, repository, snapshot, error);
    }
  }

  private async finished(
    registration: Registration,
    snapshot: string,
    uuid: string,
    form: InfoForm,
    outcome: Promise<unknown>,
  ): Promise<JsonObject> {
    const where = `${registration.name}:${snapshot}`;
    try {
      await outcome;
    } catch (error) {
      if (!isStopped(error)) throw asSnapkeepError(error);
      throw new SnapkeepError('snapshot_aborted', `[${where}] Snapshot was aborted by deletion`, { cause: error });
    }
    const info = await this.parts.list.finished(registration, uuid, form);
    if (info === undefined) throw snapshotMissing(registration.name, snapshot);
    return info;
  }
}
