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
  | { readonly kind: 'queued'; readonly mayHaveCommitted: boolean }
  /** Nothing had to be copied; the snapshot is in the catalogue. */
  | { readonly kind: 'committed'; readonly outcome: SnapshotOutcome }
  | {
      readonly kind: 'planned';
      /** Whether the root may know of the snapshot, so that a roll-back has to commit that it will never come. */
      readonly mayHaveCommitted: boolean;
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
  readonly session?: string;
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

/** What of a request concerns each index: it is in the input of every step, so the list of indices is not in it. */
export type IndexRequest = Omit<RestoreRequest, 'indices' | 'ignoreUnavailable' | 'includeGlobalState'>;

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
  readonly totals: RestoreTotals;
  /** Set when the restore's own workflow restores them; else the groups plan their own part. */
  readonly indices?: readonly IndexRestore[];
  readonly groups: readonly RestoreGroup[];
}

export interface RestoreTotals {
  readonly indices: number;
  readonly shards: number;
  readonly documents: number;
  /** Stored bytes. */
  readonly bytes: number;
}

/** Indices of a restore that one child workflow restores. */
export interface RestoreGroup {
  /** Ordinals in the snapshot's manifest. */
  readonly ordinals: readonly number[];
  /** For people: `logs-1`, `logs-1–logs-50`. */
  readonly label: string;
}

export interface RestoreGroupInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: StoredObject;
  readonly request: IndexRequest;
  readonly group: RestoreGroup;
  /** Indices that somebody stopped before the group began. */
  readonly stopped: readonly string[];
  readonly options: JobOptions;
}

/** Counts and lists of what came of some indices. */
export interface RestoreSummary {
  readonly indices: { readonly done: number; readonly failed: number };
  readonly shards: { readonly total: number; readonly failed: number };
  readonly documents: number;
  /** Names of the restored indices. */
  readonly restored: readonly string[];
  readonly failures: Bounded<RestoreFailure>;
  readonly leftOut: Bounded<LeftOut>;
}

/** How a child workflow ended. */
export interface RestoreGroupResult {
  readonly summary: RestoreSummary;
  readonly recoveries: readonly IndexRecovery[];
}

/** The first {@link MAX_LISTED} of a list, and how many there are. */
export interface Bounded<T> {
  readonly total: number;
  readonly first: readonly T[];
}

/** Entries of a list that a status, an outcome or an answer holds. */
export const MAX_LISTED = 100;
/** Characters of one reason in such a list. */
export const MAX_REASON_LENGTH = 1_000;

/** Why an index, or a shard of it, was not restored. */
export interface RestoreFailure {
  readonly index: string;
  readonly shard?: number;
  readonly reason: string;
}

/** Something of an index that its restored copy lacks, or has in another way. */
export interface LeftOut {
  readonly index: string;
  readonly kind: 'setting' | 'mapping' | 'alias' | 'document';
  /** Of the setting, field, alias or document. */
  readonly name: string;
  readonly reason: string;
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
  /** The index that was made: one made again under its name has another. */
  readonly uuid: string;
  /** Whether an empty index may be left that it was cloned from. */
  readonly cloned: boolean;
  readonly chunks: readonly RestoreChunk[];
  readonly leftOut: Bounded<LeftOut>;
}

/** What became of the chunks of an index. */
export interface RestoredChunk extends CopyProgress {
  /** Documents of which somebody else wrote a newer version during the restore; theirs were kept. */
  readonly conflicts: Bounded<string>;
}

export interface FinishedIndexResult {
  readonly leftOut: Bounded<LeftOut>;
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

export interface RestoreOutcome {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED';
  /** Restored indices; only the first of very many. */
  readonly indices: readonly string[];
  readonly indexCount: number;
  readonly shards: { readonly total: number; readonly failed: number };
  readonly failures: Bounded<RestoreFailure>;
  readonly leftOut: Bounded<LeftOut>;
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
