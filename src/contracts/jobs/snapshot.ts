/** Input, results and status of the workflow that takes a snapshot. */
import { type ObjectRef } from '../stored';
import { type Bounded } from './bounded';
import { type ShardGroup, type ShardProgress } from './copy';
import { type JobOptions, type JobRepository } from './job';
import { type LeftOut } from './restore';

export interface SnapshotRequest {
  /** Names, wildcards and `-exclusions`; unset: all open indices. */
  readonly indices?: readonly string[];
  readonly ignoreUnavailable: boolean;
  readonly includeGlobalState: boolean;
  readonly partial: boolean;
  readonly expandWildcards?: string;
  /** `metadata` of the request as raw JSON text. */
  readonly metadata?: string;
}

export interface CreateSnapshotInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly uuid: string;
  readonly startMillis: number;
  readonly request: SnapshotRequest;
  readonly options: JobOptions;
}

export type BeginSnapshotResult =
  /** Another job reads one of the indices: begin again after the signal `jobGranted`. */
  | { readonly kind: 'queued'; readonly mayHaveCommitted: boolean }
  /** The snapshot is in the catalogue, because nothing had to be copied. */
  | { readonly kind: 'committed'; readonly outcome: SnapshotOutcome }
  | {
      readonly kind: 'planned';
      /** Whether the root may name the snapshot. A roll-back must then commit that it will never be there. */
      readonly mayHaveCommitted: boolean;
      readonly plan: ObjectRef;
      /** All changed shards. */
      readonly groups: readonly ShardGroup[];
      /** Whether small shards are read whole in their views, instead of being copied before. */
      readonly smallInViews: boolean;
      readonly counts: PlanCounts;
    };

export interface PlanCounts {
  readonly indices: number;
  readonly shards: number;
  readonly unchangedShards: number;
  /** Shards that failed before anything was read. */
  readonly failedShards: number;
}

export interface SnapshotOutcome {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED';
  readonly indices: number;
  readonly shards: { readonly total: number; readonly failed: number };
  readonly documents: number;
  readonly addedObjects: number;
  readonly addedBytes: number;
  readonly endMillis: number;
  /** Parts of the global state that the cluster refused to show; unset if there are none. */
  readonly leftOut?: Bounded<LeftOut>;
}

export interface SnapshotStatus {
  readonly repository: string;
  readonly snapshot: string;
  readonly uuid: string;
  readonly state: 'INIT' | 'STARTED' | 'FINALIZE' | 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'ABORTED';
  readonly startMillis: number;
  readonly request: SnapshotRequest;
  readonly plan?: ObjectRef;
  readonly counts?: PlanCounts;
  /** Shards of the only group, which the workflow itself copies. */
  readonly shards: readonly ShardProgress[];
  /** Groups that are being settled, or are settled. */
  readonly settling: readonly { readonly group: ShardGroup; readonly done: boolean; readonly failed: number }[];
  /** Child workflows that copy what is sealed. */
  readonly groups: readonly {
    readonly workflowId: string;
    readonly group: ShardGroup;
    readonly done: boolean;
  }[];
}

/** Memo field in which a snapshot job shows its progress, so that lists need no worker. */
export const SNAPSHOT_MEMO = 'snapshot progress';

/** A running snapshot as lists show it. Holds no index names, so that its size is bounded. */
export interface ShownSnapshot {
  readonly uuid: string;
  readonly state: SnapshotStatus['state'];
  readonly startMillis: number;
  readonly includeGlobalState: boolean;
  /** Raw JSON text. */
  readonly metadata?: string;
  readonly plan?: ObjectRef;
  readonly counts?: PlanCounts;
  /** Changed shards that are copied. */
  readonly copiedShards: number;
  readonly failedShards: number;
}

/** Returns what lists show before the job's first step; the job then replaces it. */
export function shownAtStart({ uuid, startMillis, request }: CreateSnapshotInput): ShownSnapshot {
  const { includeGlobalState, metadata } = request;
  return { uuid, state: 'INIT', startMillis, includeGlobalState, metadata, copiedShards: 0, failedShards: 0 };
}
