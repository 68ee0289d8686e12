/** The status of a running restore, as `_recovery` needs it. */
import { type RestoreSummary, type RestoreTotals } from './restore';

export type RecoveryStage = 'INIT' | 'INDEX' | 'VERIFY_INDEX' | 'TRANSLOG' | 'FINALIZE' | 'DONE';

/** One shard under restore as `_recovery` shows it. */
export interface ShardRecovery {
  readonly shard: number;
  readonly stage: RecoveryStage;
  readonly documents: number;
  readonly bytes: number;
  readonly objects: number;
  readonly recoveredDocuments: number;
  readonly recoveredBytes: number;
  readonly recoveredObjects: number;
}

export interface IndexRecovery {
  readonly source: string;
  readonly target: string;
  readonly state: 'WAITING' | 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED';
  readonly startMillis: number;
  readonly stopMillis?: number;
  readonly failure?: string;
  /** Reason why the restore of the index waits, such as a shard without a node. */
  readonly waitingFor?: string;
  readonly shards: readonly ShardRecovery[];
}

export interface RestoreStatus {
  readonly repository: string;
  readonly snapshot: string;
  readonly snapshotUuid: string;
  readonly version: string;
  readonly state: 'STARTED' | 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'ABORTED';
  readonly startMillis: number;
  readonly totals?: RestoreTotals;
  /** Summary of the indices that are done, failed or stopped. */
  readonly summary: Omit<RestoreSummary, 'restored'>;
  /** Reason for which the restore failed as a whole. */
  readonly failure?: string;
  /** A part of the list of indices that the workflow itself restores, or that ended child workflows restored. */
  readonly indices: readonly IndexRecovery[];
  /** Argument that requests the next part; unset in the last part. */
  readonly next?: number;
  /** Running child workflows; they answer queries about their own indices. */
  readonly groups: readonly string[];
}

/**
 * Shards after which one answer of {@link RestoreStatus} ends, because payloads are bounded. An index is never split.
 */
export const MAX_STATUS_SHARDS = 2_000;
