import { randomBytes } from 'node:crypto';
import { type JobOptions, type RestoreOutcome, type RestoreRequest } from '../contracts/jobs';
import { workflowIds } from '../contracts/workflow-ids';
import { type restoreSnapshotWorkflow } from '../../workflows';
import { asSnapkeepError } from './failures';
import { type Ledgers } from './ledgers';
import { type Places } from './places';
import { type JsonObject } from './raw-json';
import { type RepositoryReader } from './reading';
import { type JobStarter } from './start-job';

export interface RestoreJobRequest {
  readonly repository: string;
  readonly snapshot: string;
  readonly request: RestoreRequest;
}

/** A restore under way. */
export interface StartedRestore {
  readonly id: string;
  /** How it ended, as JSON, however long that takes; `signal` ends the waiting only. Throws why it could not be done. */
  finished(signal: AbortSignal): Promise<JsonObject>;
}

/** Restoring snapshots. */
export class Restores {
  constructor(
    private readonly ledgers: Ledgers,
    private readonly places: Places,
    private readonly starter: JobStarter,
    private readonly reader: RepositoryReader,
    private readonly options: JobOptions,
  ) {}

  /**
   * Starts a restore; from its return on `_recovery` shows it. Throws `repository_missing_exception`,
   * what the request asks that can't be (`snapshot_restore_exception`, also for a snapshot that does not exist;
   * `index_not_found_exception`), or which part is down.
   */
  async start({ repository, snapshot, request }: RestoreJobRequest): Promise<StartedRestore> {
    const startMillis = Date.now();
    const registration = await this.ledgers.registration(repository);
    const bound = await this.places.bind(registration);
    const id = randomBytes(6).toString('hex');
    const { retryWindowMs, dataTaskQueue, searchAttributes } = this.options;
    const options = { retryWindowMs, dataTaskQueue, searchAttributes };
    const handle = await this.starter.start<typeof restoreSnapshotWorkflow>({
      type: 'restoreSnapshotWorkflow',
      workflowId: workflowIds.restore(repository, snapshot, id),
      args: [{ repository: bound, snapshot, id, startMillis, request, options }],
      kind: 'restore',
      repository,
      snapshot,
      token: id,
      summary: `restore ${repository}/${snapshot}`,
      details: `Restores ${request.indices?.join(', ') ?? 'all indices'} of snapshot **${snapshot}** from repository **${repository}**`,
      check: this.reader.check(registration),
    });
    return {
      id,
      finished: async (signal) => {
        try {
          return outcomeJson(snapshot, await this.starter.result(handle, signal));
        } catch (error) {
          throw asSnapkeepError(error);
        }
      },
    };
  }
}

/** Shards of an index that could not be restored count as failed; the index itself is gone again. */
export function outcomeJson(snapshot: string, outcome: RestoreOutcome): JsonObject {
  const { total, failed } = outcome.shards;
  return {
    snapshot: { snapshot, indices: [...outcome.indices], shards: { total, failed, successful: total - failed } },
  };
}
