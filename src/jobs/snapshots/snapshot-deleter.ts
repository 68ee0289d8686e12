import { randomBytes } from 'node:crypto';
import { type WorkflowHandle } from '@temporalio/client';
import { type createSnapshotWorkflow, type deleteSnapshotsWorkflow } from '../../../workflows';
import { inLanes } from '../../concurrency/lanes';
import { repositoryReadonly, snapshotMissing } from '../../contracts/common-errors';
import { MAX_DELETED } from '../../contracts/jobs/deletion';
import { type JobRepository } from '../../contracts/jobs/job';
import { cancelSnapshotSignal } from '../../contracts/jobs/workflow-messages';
import { type Registration } from '../../contracts/registration';
import { workflowIds } from '../../contracts/workflow-ids';
import { selectToDelete } from '../../elasticsearch/name-lists';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type RunningSnapshot } from '../running/running-jobs';
import { type Health } from '../start/health';
import { type JobStarter } from '../start/start-job';
import { type ExtraCheck, waitWhileHealthy } from '../start/wait-while-healthy';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { asSnapkeepError } from '../temporal/temporal-failures';
import { type SnapshotList } from './snapshot-list';
import { type SnapshotView } from './snapshot-view';

interface DeleteRequest {
  readonly repository: string;
  readonly snapshots: readonly string[];
  /** False: return as soon as the snapshots are removed from the catalogue. */
  readonly waitForCompletion: boolean;
}

/** Running snapshots signalled concurrently. */
const SIGNALS_AT_ONCE = 16;

/** Deletes snapshots, finished and running ones. */
export class SnapshotDeleter {
  constructor(
    private readonly parts: {
      readonly calls: TemporalCalls;
      readonly registrations: RegistrationsClient;
      readonly places: Places;
      readonly health: Health;
      readonly starter: JobStarter;
      readonly list: SnapshotList;
      readonly reader: RepositoryReader;
    },
  ) {}

  /**
   * Deletes snapshots. Running ones are cancelled and rolled back; finished ones are removed from the catalogue, and
   * the objects that only they used are deleted. Throws `snapshot_missing_exception` before any change when a name does
   * not exist.
   */
  async delete({ repository, snapshots, waitForCompletion }: DeleteRequest, signal: AbortSignal): Promise<void> {
    const { registrations, places, list, starter, reader } = this.parts;
    const registration = await registrations.get(repository);
    if (reader.isReadonly(registration)) throw repositoryReadonly(repository);
    const views = await list.views(registration);
    const { selected, missing } = selectToDelete(
      snapshots,
      views.map((view) => view.snapshot),
    );
    const [unknown] = missing;
    if (unknown !== undefined) throw snapshotMissing(repository, unknown);
    const names = new Set(selected);
    const chosen = views.filter((view) => names.has(view.snapshot));
    const running = chosen.flatMap((view) => view.running ?? []);
    const committed = await this.cancelAll(registration, running);
    // A snapshot that committed before its cancellation arrived is a finished one now.
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

  /**
   * Starts a job that deletes the snapshots, of which there is at least one. Returns when they are removed from the
   * catalogue.
   */
  private startDelete(
    bound: JobRepository,
    finished: readonly SnapshotView[],
  ): Promise<WorkflowHandle<typeof deleteSnapshotsWorkflow>> {
    const { name: repository } = bound;
    const names = finished.map(({ snapshot }) => snapshot);
    const first = names[0]!;
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
      snapshot: first,
      token: id,
      summary: `delete ${names.length === 1 ? first : `${names.length} snapshots`} of ${repository}`,
      details: `Deletes from repository **${repository}**: ${names.slice(0, 50).join(', ')}`,
      check: this.parts.reader.check(bound),
    });
  }

  /**
   * Cancels the snapshots and waits until they are rolled back. All are signalled before the wait begins. Returns the
   * uuids of the finished snapshots, among which are those that committed before they were cancelled.
   */
  private async cancelAll(
    registration: Registration,
    running: readonly RunningSnapshot[],
  ): Promise<ReadonlySet<string>> {
    if (running.length === 0) return new Set();
    const check = this.parts.reader.check(registration);
    // The last comes first: it waits for the others, and would begin when they end.
    await inLanes([...running].reverse(), SIGNALS_AT_ONCE, async ({ job }) => {
      await this.parts.calls.signal(job.workflowId, cancelSnapshotSignal, []);
    });
    await Promise.all(running.map((one) => this.ended(one, check)));
    // The root decides, however a job ended: an attempt of its commit may have succeeded before.
    const { snapshots } = await this.parts.reader.readRoot(registration);
    return new Set(snapshots.map(({ uuid }) => uuid));
  }

  /** Waits for the end of a cancelled job, whatever its outcome. */
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
}
