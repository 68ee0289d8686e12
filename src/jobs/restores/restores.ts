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
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type JobStarter } from '../start/start-job';
import { asSnapkeepError } from '../temporal/temporal-failures';

interface RestoreJobRequest {
  readonly repository: string;
  readonly snapshot: string;
  readonly request: RestoreRequest;
}

/** A restore that was accepted. */
interface StartedRestore {
  readonly id: string;
  /**
   * Waits, without a time limit, for the end of the restore and returns its outcome as JSON. `signal` ends the waiting
   * only. Throws the reason when the restore failed.
   */
  finished(signal: AbortSignal): Promise<JsonObject>;
}

/** Starts restores of snapshots. */
export class Restores {
  constructor(
    private readonly registrations: RegistrationsClient,
    private readonly places: Places,
    private readonly starter: JobStarter,
    private readonly reader: RepositoryReader,
  ) {}

  /**
   * Starts a restore. When this returns, `_recovery` shows it. Throws `repository_missing_exception`;
   * `snapshot_restore_exception` when the snapshot does not exist or the request can't be fulfilled;
   * `index_not_found_exception`; or the error of the component that is down.
   */
  async start({ repository, snapshot, request }: RestoreJobRequest): Promise<StartedRestore> {
    const startMillis = Date.now();
    const registration = await this.registrations.get(repository);
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
 * Returns Elasticsearch's answer to a restore, with Snapkeep's lists of failures and of what was left out if they are
 * not empty. Throws `snapshot_restore_exception` when indices were requested and none was restored.
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

/** Returns the list as a field unless it is empty, and its length if only its start is shown. */
function listed(name: string, { total, first }: Bounded<RestoreFailure> | Bounded<LeftOut>): JsonObject {
  if (total === 0) return {};
  return {
    [name]: first.map((one) => ({ ...one })),
    ...(total > first.length ? { [`${name}_total`]: total } : {}),
  };
}
