/** Input and result of the workflow that deletes snapshots. */
import { type JobOptions, type JobRepository } from './job';

export interface DeleteSnapshotsInput {
  readonly repository: JobRepository;
  /** At most {@link MAX_DELETED}. */
  readonly snapshots: readonly { readonly name: string; readonly uuid: string }[];
  readonly options: JobOptions;
}

/** Most snapshots that one job deletes, which bounds its payload. */
export const MAX_DELETED = 5_000;

export interface DeleteOutcome {
  /** Number of snapshots in the request. */
  readonly snapshots: number;
  /** False: unreferenced objects are deleted later, because running jobs may need them or there are many. */
  readonly swept: boolean;
}
