/** Input and result of the workflow that deletes what nothing refers to. */
import { type JobOptions, type JobRepository } from './job';

export interface CleanupInput {
  readonly repository: JobRepository;
  readonly startMillis: number;
  readonly options: JobOptions;
}

export interface CleanupOutcome {
  readonly deletedObjects: number;
  /** Stored bytes. */
  readonly deletedBytes: number;
}
