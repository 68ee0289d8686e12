/** What goes in and out of the workflow that deletes snapshots. */
import { type JobOptions, type JobRepository } from './job';

export interface DeleteSnapshotsInput {
  readonly repository: JobRepository;
  /** At most {@link MAX_DELETED}. */
  readonly snapshots: readonly { readonly name: string; readonly uuid: string }[];
  readonly options: JobOptions;
}

/** Snapshots that one job deletes: bounds its payload. */
export const MAX_DELETED = 5_000;

export interface DeleteOutcome {
  /** How many were asked for. */
  readonly snapshots: number;
  /** False: what they leave behind is swept later, since running jobs may need it or there is much of it. */
  readonly swept: boolean;
}
