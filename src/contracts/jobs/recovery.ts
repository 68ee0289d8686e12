/** What a running restore shows of itself, as `_recovery` needs it. */
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
  /** What keeps the restore of the index from going on, such as a shard without a node. */
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
  /** What came of the indices that are done, failed or stopped. */
  readonly summary: Omit<RestoreSummary, 'restored'>;
  /** Why the restore as a whole ended, where it did. */
  readonly failure?: string;
  /** Indices that the workflow itself restores, and those of child workflows that have ended: a part of the list. */
  readonly indices: readonly IndexRecovery[];
  /** Where the next part begins: the argument to ask for it. Unset: this is the last one. */
  readonly next?: number;
  /** Running child workflows, whose indices are shown by asking them. */
  readonly groups: readonly string[];
}

/** Shards that one answer of {@link RestoreStatus} shows, or some more of one index: payloads are bounded. */
export const MAX_STATUS_SHARDS = 2_000;
