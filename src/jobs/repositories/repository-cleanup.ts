import { randomBytes } from 'node:crypto';
import { type cleanupRepositoryWorkflow } from '../../../workflows';
import { repositoryReadonly } from '../../contracts/common-errors';
import { type CleanupOutcome } from '../../contracts/jobs/cleanup';
import { workflowIds } from '../../contracts/workflow-ids';
import { type Places } from '../reading/places';
import { type RepositoryReader } from '../reading/repository-reader';
import { type JobStarter } from '../start/start-job';
import { asSnapkeepError } from '../temporal/temporal-failures';
import { type RegistrationsClient } from './registrations-client';

const NOTHING: CleanupOutcome = { deletedObjects: 0, deletedBytes: 0 };

/** Deletes what nothing in a repository refers to. */
export class RepositoryCleanup {
  constructor(
    private readonly registrations: RegistrationsClient,
    private readonly places: Places,
    private readonly starter: JobStarter,
    private readonly reader: RepositoryReader,
  ) {}

  /**
   * Cleans a repository up and returns what was deleted. `signal` ends the waiting, not the job. Throws
   * `repository_missing_exception`, `repository_readonly`, `repository_corrupt` when a snapshot can't be read, and the
   * error of a component that is down.
   */
  async run(repository: string, signal: AbortSignal): Promise<CleanupOutcome> {
    const { starter, reader } = this;
    const registration = await this.registrations.get(repository);
    if (reader.isReadonly(registration)) throw repositoryReadonly(repository);
    const bound = await this.places.find(registration);
    if (bound === undefined) return NOTHING; // nobody ever wrote to it
    const id = randomBytes(6).toString('hex');
    const handle = await starter.start<typeof cleanupRepositoryWorkflow>({
      type: 'cleanupRepositoryWorkflow',
      workflowId: workflowIds.cleanup(repository, id),
      args: [{ repository: bound, startMillis: Date.now(), options: starter.jobOptions() }],
      kind: 'cleanup',
      repository,
      snapshot: '',
      token: id,
      summary: `clean up ${repository}`,
      details: `Deletes what nothing refers to in repository **${repository}**`,
      check: reader.check(registration),
    });
    try {
      return await starter.result(handle, signal);
    } catch (error) {
      throw asSnapkeepError(error);
    }
  }
}
