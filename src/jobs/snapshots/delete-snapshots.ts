import { randomBytes } from 'node:crypto';
import { type WorkflowHandle } from '@temporalio/client';
import { type createSnapshotWorkflow, type deleteSnapshotsWorkflow } from '../../../workflows';
import { inLanes } from '../../concurrency/lanes';
import { repositoryReadonly, snapshotMissing } from '../../contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { MAX_DELETED } from '../../contracts/jobs/deletion';
import { type JobRepository } from '../../contracts/jobs/job';
import {
  type CreateSnapshotInput,
  type ShownSnapshot,
  SNAPSHOT_MEMO,
  type SnapshotRequest,
} from '../../contracts/jobs/snapshot';
import { cancelSnapshotSignal } from '../../contracts/jobs/workflow-messages';
import { type Registration } from '../../contracts/registration';
import { workflowIds } from '../../contracts/workflow-ids';
import { resolveDateMath } from '../../elasticsearch/date-math';
import { type JsonObject } from '../../elasticsearch/json-value';
import { selectToDelete } from '../../elasticsearch/name-lists';
import { checkSnapshotName } from '../../elasticsearch/snapshot-name-rules';
import { isElasticsearch } from '../../elasticsearch/version-id';
import { newSnapshotUuid } from '../../repository/format/keys';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type RunningSnapshot } from '../running/running-jobs';
import { type ClusterFacts, type Health } from '../start/health';
import { JobExistsError, type JobStarter } from '../start/start-job';
import { type ExtraCheck, waitWhileHealthy } from '../start/wait-while-healthy';
import { asSnapkeepError, isStopped } from '../temporal/failures';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { type SnapshotList } from './snapshot-list';
import { type SnapshotView } from './snapshot-view';

interface CreateRequest {
  readonly repository: string;
  /** As it was asked for; date math allowed. */
  readonly snapshot: string;
  readonly request: SnapshotRequest;
}

interface DeleteRequest {
  readonly repository: string;
  readonly snapshots: readonly string[];
  /** False: return as soon as the snapshots are gone from the catalogue. */
  readonly waitForCompletion: boolean;
}

/** A snapshot under way. */
interface StartedSnapshot {
  /** With date math resolved. */
  readonly snapshot: string;
  /**
   * The finished snapshot as JSON, however long that takes; `signal` ends the waiting only. Throws why it failed, and
   * `snapshot_aborted` when it was deleted meanwhile.
   */
  finished(signal: AbortSignal): Promise<JsonObject>;
}

/** Running snapshots signalled at once. */
const SIGNALS_AT_ONCE = 16;

/** Creating and deleting snapshots. */
export class Snapshots {
  constructor(
    private readonly parts: {
      readonly calls: TemporalCalls;
      readonly registrations: RegistrationsClient;
      readonly places: Places;
      readonly health: Health;
      readonly starter: JobStarter;
      readonly list: SnapshotList;
      readonly reader: RepositoryReader;
      readonly cluster: ClusterFacts;
    },
  ) {}

  /**
   * Starts a snapshot; from its return on lists show it. Throws `repository_missing_exception`,
   * `invalid_snapshot_name_exception`, a name in use as the cluster behind would, or which part is down.
   */
  async create({ repository, snapshot: asked, request }: CreateRequest): Promise<StartedSnapshot> {
    const { registrations, places, starter, reader } = this.parts;
    const startMillis = Date.now();
    const snapshot = resolveDateMath(asked, startMillis);
    const registration = await registrations.get(repository);
    checkSnapshotName(repository, snapshot);
    this.refuseReadonly(registration);
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
        finished: (signal) => this.finished(registration, snapshot, uuid, starter.result(handle, signal)),
      };
    } catch (error) {
      if (error instanceof JobExistsError) {
        throw await this.nameInUse(repository, snapshot, 'snapshot with the same name is already in-progress');
      }
      if (isSnapkeepError(error, 'snapshot_name_already_in_use_exception')) {
        throw await this.nameInUse(repository, snapshot, 'snapshot with the same name already exists');
      }
      throw error;
    }
  }

  /**
   * Deletes: running snapshots are cancelled and rolled back, finished ones leave the catalogue and free what nothing
   * else uses. Throws `snapshot_missing_exception` for a name nothing has, before anything is done.
   */
  async delete({ repository, snapshots, waitForCompletion }: DeleteRequest, signal: AbortSignal): Promise<void> {
    const { registrations, places, list, starter } = this.parts;
    const registration = await registrations.get(repository);
    this.refuseReadonly(registration);
    const views = await list.views(registration);
    const { selected, missing } = selectToDelete(
      snapshots,
      views.map((view) => view.snapshot),
    );
    if (missing.length > 0) throw snapshotMissing(repository, missing[0]);
    const names = new Set(selected);
    const chosen = views.filter((view) => names.has(view.snapshot));
    const running = chosen.flatMap((view) => view.running ?? []);
    const committed = await this.cancelAll(registration, running);
    // One that came to its end before the cancel did is a finished snapshot now.
    const finished = chosen.filter((view) => view.running === undefined || committed.has(view.uuid));
    if (finished.length === 0) return;

    const bound = await places.bind(registration);
    const handles: WorkflowHandle<typeof deleteSnapshotsWorkflow>[] = [];
    for (let at = 0; at < finished.length; at += MAX_DELETED) {
      handles.push(await this.startDelete(bound, finished.slice(at, at + MAX_DELETED)));
    }
    if (!waitForCompletion) return;
    try {
      await Promise.all(handles.map((handle) => starter.result(handle, signal)));
    } catch (error) {
      throw asSnapkeepError(error);
    }
  }

  /** Returns once the snapshots are out of the catalogue. */
  private startDelete(
    bound: JobRepository,
    finished: readonly SnapshotView[],
  ): Promise<WorkflowHandle<typeof deleteSnapshotsWorkflow>> {
    const { name: repository } = bound;
    const id = randomBytes(6).toString('hex');
    return this.parts.starter.start<typeof deleteSnapshotsWorkflow>({
      type: 'deleteSnapshotsWorkflow',
      workflowId: workflowIds.deleteSnapshots(repository, id),
      args: [
        {
          repository: bound,
          snapshots: finished.map(({ snapshot: name, uuid: one }) => ({ name, uuid: one })),
          options: this.parts.starter.jobOptions(),
        },
      ],
      kind: 'delete',
      repository,
      snapshot: finished[0].snapshot,
      token: id,
      summary: `delete ${finished.length === 1 ? finished[0].snapshot : `${finished.length} snapshots`} of ${repository}`,
      details: `Deletes from repository **${repository}**: ${finished
        .slice(0, 50)
        .map((view) => view.snapshot)
        .join(', ')}`,
      check: this.parts.reader.check(bound),
    });
  }

  private async finished(
    registration: Registration,
    snapshot: string,
    uuid: string,
    outcome: Promise<unknown>,
  ): Promise<JsonObject> {
    const where = `${registration.name}:${snapshot}`;
    try {
      await outcome;
    } catch (error) {
      if (!isStopped(error)) throw asSnapkeepError(error);
      throw new SnapkeepError('snapshot_aborted', `[${where}] Snapshot was aborted by deletion`, { cause: error });
    }
    const info = await this.parts.list.finished(registration, uuid);
    if (info === undefined) throw snapshotMissing(registration.name, snapshot);
    return info;
  }

  /**
   * Cancels the snapshots and waits until they are rolled back. All are signalled before any is waited for. Returns the
   * uuids of those that had been committed before.
   */
  private async cancelAll(
    registration: Registration,
    running: readonly RunningSnapshot[],
  ): Promise<ReadonlySet<string>> {
    if (running.length === 0) return new Set();
    const check = this.parts.reader.check(registration);
    // The last first: it waits for the others, and would begin when they end.
    await inLanes([...running].reverse(), SIGNALS_AT_ONCE, async ({ job }) => {
      await this.parts.calls.signal(job.workflowId, cancelSnapshotSignal, []);
    });
    await Promise.all(running.map((one) => this.ended(one, check)));
    // However a job ended: an attempt of its commit may have come through before.
    const { snapshots } = await this.parts.reader.readRoot(registration);
    return new Set(snapshots.map(({ uuid }) => uuid));
  }

  /** Waits for the end of a job that was cancelled. */
  private async ended({ job }: RunningSnapshot, check: ExtraCheck): Promise<void> {
    const { calls, health, starter } = this.parts;
    const handle = calls.client.workflow.getHandle<typeof createSnapshotWorkflow>(job.workflowId);
    await waitWhileHealthy(
      health,
      async (signal) => {
        try {
          await starter.result(handle, signal);
        } catch (error) {
          if (signal.aborted) throw error;
        }
      },
      check,
    );
  }

  private refuseReadonly(registration: Registration): void {
    if (this.parts.reader.isReadonly(registration)) throw repositoryReadonly(registration.name);
  }

  private async nameInUse(repository: string, snapshot: string, why: string): Promise<SnapkeepError> {
    // Versions differ; where the cluster can't say which it is, the newer spelling stands.
    const info = await this.parts.cluster.info(AbortSignal.timeout(1_000)).catch(() => undefined);
    const code =
      info === undefined || isElasticsearch(info, 8)
        ? 'snapshot_name_already_in_use_exception'
        : 'invalid_snapshot_name_exception';
    return new SnapkeepError(code, `[${repository}:${snapshot}] Invalid snapshot name [${snapshot}], ${why}`, {
      details: { repository, snapshot },
    });
  }
}

/** Before the job's first step; from then on it shows itself. */
function shownAtStart({ uuid, startMillis, request }: CreateSnapshotInput): ShownSnapshot {
  const { includeGlobalState, metadata } = request;
  return { uuid, state: 'INIT', startMillis, includeGlobalState, metadata, copiedShards: 0, failedShards: 0 };
}
