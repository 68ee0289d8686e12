/** Input of the workflow that clones a snapshot. */
import { type JobOptions, type JobRepository } from './job';

export interface CloneSnapshotInput {
  readonly repository: JobRepository;
  /** Name of the snapshot to clone. */
  readonly source: string;
  /** Name of the new snapshot. */
  readonly snapshot: string;
  readonly uuid: string;
  readonly startMillis: number;
  /** Names, wildcards and `-exclusions` of the source's indices. */
  readonly indices: readonly string[];
  readonly ignoreUnavailable: boolean;
  readonly options: JobOptions;
}
