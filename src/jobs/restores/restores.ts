import { randomBytes } from 'node:crypto';
import { type restoreSnapshotWorkflow } from '../../../workflows';
import { SnapkeepError } from '../../contracts/errors';
import { type Bounded } from '../../contracts/jobs/bounded';
import {
  type LeftOut,
  type RestoreFailure,
  type RestoreOutcome,
  type RestoreRequest,
} from '../../contracts/jobs/restore';
import { workflowIds } from '../../contracts/workflow-ids';
import { type JsonObject } from '../../elasticsearch/json-value';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type Ledgers } from '../running/ledgers';
import { type JobStarter } from '../start/start-job';
import { asSnapkeepError } from '../temporal/failures';

interface RestoreJobRequest {
  readonly repository: string;
  readonly snapshot: string;
  readonly request: RestoreRequest;
}

/** A restore under way. */
interface StartedRestore {
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
    const options = this.starter.jobOptions();
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

/**
 * Elasticsearch's answer, and beside it what failed and what was left out, where there is any. Throws
 * `snapshot_restore_exception` if no index was restored though some were asked for.
 */
export function outcomeJson(snapshot: string, outcome: RestoreOutcome): JsonObject {
  const { failures, leftOut, indexCount } = outcome;
  if (outcome.state === 'FAILED') {
    const reasons = failures.first.slice(0, MAX_REASONS).map(({ index, reason }) => `[${index}] ${reason}`);
    const more = failures.total > MAX_REASONS ? `; and ${failures.total - MAX_REASONS} more` : '';
    throw new SnapkeepError(
      'snapshot_restore_exception',
      `[${snapshot}] no index was restored, and nothing is left of them: ${reasons.join('; ')}${more}`,
      { details: { snapshot, failed: outcome.shards.failed } },
    );
  }
  const { total, failed } = outcome.shards;
  return {
    snapshot: { snapshot, indices: [...outcome.indices], shards: { total, failed, successful: total - failed } },
    ...(indexCount > outcome.indices.length ? { indices_total: indexCount } : {}),
    ...listed('failures', failures),
    ...listed('left_out', leftOut),
  };
}

/** Reasons that the message of a failed restore repeats. */
const MAX_REASONS = 5;

/** A list where there is any; its length where only its start is there. */
function listed(name: string, { total, first }: Bounded<RestoreFailure> | Bounded<LeftOut>): JsonObject {
  if (total === 0) return {};
  return {
    [name]: first.map((one) => ({ ...one })),
    ...(total > first.length ? { [`${name}_total`]: total } : {}),
  };
}
