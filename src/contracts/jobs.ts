/**
 * What goes in and out of workflows. Everything here is stored in workflow histories: identifiers, counts, cursors and
 * references, never documents, plans, manifests or secrets. Times are milliseconds since the epoch, sizes bytes.
 */
import { type Registration } from './registration';
import { type SeqNoRange } from './seq-no';

/** A stored object: key under the repository's base path, stored length, SHA-256 in hex. */
export interface StoredObject {
  readonly key: string;
  readonly length: number;
  readonly sha256: string;
}

/**
 * The repository a job was accepted for. The job opens this registration to its end, whatever is registered under the
 * name since.
 */
export interface JobRepository extends Registration {
  /** Uuid of the repository's root: jobs of one place share one ledger, whatever names they were asked under. */
  readonly place: string;
}

/** What every job is started with besides its own request. */
export interface JobOptions {
  /** How long any step may be tried without progress before it fails, ms (SNAPKEEP_SHARD_RETRY_WINDOW). */
  readonly retryWindowMs: number;
  /** Task queue of the activities that move data; the workflow's own queue serves the others. */
  readonly dataTaskQueue: string;
  /** Whether the search attributes of docs/operations.md are registered, so that jobs may set them. */
  readonly searchAttributes: boolean;
}

// ---------------------------------------------------------------- create snapshot

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

/** Neighbouring changed shards of the plan that one child workflow (or, when small, one activity) copies. */
export interface ShardGroup {
  /** Ordinals in the plan's list of changed shards: `[first, first + count)`. */
  readonly first: number;
  readonly count: number;
  /** One activity moves the whole group. */
  readonly small: boolean;
  /** For people: `logs[0..4]`, `logs[0]–metrics[2]`. */
  readonly label: string;
  /** Expected documents. */
  readonly documents: number;
}

export type BeginSnapshotResult =
  /** Another job works on one of the indices: begin again when `jobGranted` comes. */
  | { readonly kind: 'queued' }
  /** Nothing had to be copied; the snapshot is in the catalogue. */
  | { readonly kind: 'committed'; readonly outcome: SnapshotOutcome }
  | {
      readonly kind: 'planned';
      readonly plan: StoredObject;
      readonly groups: readonly ShardGroup[];
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
}

/** How one shard of a group ended; the shard's manifest is in the bucket. */
export interface ShardResult {
  /** Ordinal in the plan's list of changed shards. */
  readonly ordinal: number;
  /** Stored by the activity: the shard's entry of the snapshot manifest. Unset when it failed. */
  readonly entry?: StoredShard;
  readonly failure?: { readonly reason: string; readonly status: string };
}

/** Mirror of the repository format's ShardEntry, so that workflows need not know the format. */
export interface StoredShard {
  readonly manifest: StoredObject;
  /** Key of the shard manifest it shares objects with: the commit can't be checked without it. */
  readonly base?: string;
  readonly historyUuid: string;
  readonly maxSeqNo: number;
  readonly sealedThrough: number;
  readonly totals: ShardTotals;
  readonly startMillis: number;
  readonly millis: number;
}

export interface ShardTotals {
  readonly objects: number;
  readonly bytes: number;
  readonly addedObjects: number;
  readonly addedBytes: number;
  readonly documents: number;
}

/** What the child workflow of a group returns: its results are an object, so that payloads stay small. */
export interface GroupResult {
  readonly results: StoredObject;
  readonly failed: number;
}

export interface CopyGroupInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly uuid: string;
  readonly plan: StoredObject;
  readonly group: ShardGroup;
  readonly options: JobOptions;
}

/** One large shard as planned for copying. */
export interface ShardPlan {
  readonly label: string;
  /** Sealed ranges to copy before the shard is settled, each by one activity; at most {@link MAX_CHUNKS}. */
  readonly chunks: readonly ChunkPlan[];
}

export interface ChunkPlan extends SeqNoRange {
  /** Expected documents. */
  readonly documents: number;
}

/** Chunks of one shard planned at once: bounds the payload; what lies beyond goes into larger chunks. */
export const MAX_CHUNKS = 400;

export interface ChunkResult {
  /** Notes in the bucket that hold the segments written, in order. */
  readonly parts: readonly StoredObject[];
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
}

/** Heartbeat of a data activity: where it is, for resuming and for `_status`. */
export interface CopyProgress {
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
}

// ---------------------------------------------------------------- delete snapshots

export interface DeleteSnapshotsInput {
  readonly repository: JobRepository;
  /** Names, one by one: what the request's list stood for. */
  readonly snapshots: readonly string[];
  readonly options: JobOptions;
}

/** A snapshot that was taken out of the catalogue: all that sweeping it needs. */
export interface RemovedSnapshot {
  readonly snapshot: string;
  readonly uuid: string;
  readonly order: number;
  readonly manifest: StoredObject;
}

export interface DeleteOutcome {
  readonly snapshots: readonly string[];
  readonly deletedObjects: number;
  readonly deletedBytes: number;
}

// ---------------------------------------------------------------- restore

export interface RestoreRequest {
  readonly indices?: readonly string[];
  readonly ignoreUnavailable: boolean;
  readonly includeGlobalState: boolean;
  readonly includeAliases: boolean;
  readonly partial: boolean;
  readonly renamePattern?: string;
  readonly renameReplacement?: string;
  readonly renameAliasPattern?: string;
  readonly renameAliasReplacement?: string;
  /** Raw JSON text. */
  readonly indexSettings?: string;
  readonly ignoreIndexSettings?: readonly string[];
}

export interface RestoreSnapshotInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  /** Short random id of this restore; part of the workflow id and of the one-off aliases. */
  readonly id: string;
  readonly startMillis: number;
  readonly request: RestoreRequest;
  readonly options: JobOptions;
}

/** One index to restore. */
export interface IndexRestore {
  /** Name in the snapshot, and ordinal in its manifest. */
  readonly source: string;
  readonly ordinal: number;
  readonly target: string;
  /** The one-off alias through which documents are written; it dies with the index. */
  readonly alias: string;
  readonly shards: number;
  readonly documents: number;
  /** Stored bytes. */
  readonly bytes: number;
  readonly objects: number;
}

export interface BeginRestoreResult {
  readonly manifest: StoredObject;
  readonly snapshotUuid: string;
  readonly version: string;
  readonly indices: readonly IndexRestore[];
}

export interface RestoreGroupInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: StoredObject;
  readonly request: RestoreRequest;
  readonly indices: readonly IndexRestore[];
  readonly options: JobOptions;
}

/** Segments `[first, first + count)` of one shard, written by one activity. */
export interface RestoreChunk {
  readonly shard: number;
  readonly first: number;
  readonly count: number;
  readonly documents: number;
  /** Stored bytes and objects. */
  readonly bytes: number;
  readonly objects: number;
}

export interface PreparedIndex {
  readonly chunks: readonly RestoreChunk[];
  /** Settings the target does not know, left out. */
  readonly dropped: readonly string[];
}

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
  readonly shards: readonly ShardRecovery[];
}

export interface RestoreStatus {
  readonly repository: string;
  readonly snapshot: string;
  readonly snapshotUuid: string;
  readonly version: string;
  readonly state: 'STARTED' | 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'ABORTED';
  readonly startMillis: number;
  readonly indices: readonly IndexRecovery[];
  /** Child workflows whose indices are shown by asking them. */
  readonly groups: readonly string[];
}

export interface RestoreOutcome {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED';
  readonly indices: readonly string[];
  readonly shards: { readonly total: number; readonly failed: number };
  readonly failures: readonly string[];
  readonly documents: number;
}

// ---------------------------------------------------------------- status of a running snapshot

export type ShardStage = 'INIT' | 'STARTED' | 'FINALIZE' | 'DONE' | 'FAILURE';

/** Progress of one changed shard. */
export interface ShardProgress {
  readonly ordinal: number;
  readonly stage: ShardStage;
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
  readonly reason?: string;
}

export interface SnapshotStatus {
  readonly repository: string;
  readonly snapshot: string;
  readonly uuid: string;
  readonly state: 'INIT' | 'STARTED' | 'FINALIZE' | 'SUCCESS' | 'PARTIAL' | 'FAILED' | 'ABORTED';
  readonly startMillis: number;
  readonly request: SnapshotRequest;
  readonly plan?: StoredObject;
  readonly counts?: PlanCounts;
  /** Shards that the workflow itself copies. */
  readonly shards: readonly ShardProgress[];
  /** Child workflows that copy the others. */
  readonly groups: readonly {
    readonly workflowId: string;
    readonly group: ShardGroup;
    readonly done: boolean;
    readonly failed: number;
  }[];
}

/** Name of the memo field in which a snapshot job shows itself, so that lists need no worker. */
export const SNAPSHOT_MEMO = 'snapshot progress';

/** What lists show of a running snapshot. Bounded: it holds no names of indices. */
export interface ShownSnapshot {
  readonly uuid: string;
  readonly state: SnapshotStatus['state'];
  readonly startMillis: number;
  readonly includeGlobalState: boolean;
  /** Raw JSON text. */
  readonly metadata?: string;
  readonly plan?: StoredObject;
  readonly counts?: PlanCounts;
  /** Of the changed shards. */
  readonly copiedShards: number;
  readonly failedShards: number;
}

export interface GroupStatus {
  readonly shards: readonly ShardProgress[];
}
