/** Inputs and results of the workflows and activities that restore a snapshot. */
import { type StateKind } from '../global-state';
import { type ObjectRef } from '../stored';
import { type Bounded } from './bounded';
import { type CopyProgress, type JobOptions, type JobRepository } from './job';
import { type IndexRecovery } from './recovery';

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

/** The part of a request that each index needs. It is in every step's input, so it leaves out the list of indices. */
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
  /** Name in the snapshot. */
  readonly source: string;
  /** Ordinal in the snapshot's manifest. */
  readonly ordinal: number;
  readonly target: string;
  /** The one-off alias through which documents are written; it is deleted with the index. */
  readonly alias: string;
  readonly shards: number;
  readonly documents: number;
  /** Stored bytes. */
  readonly bytes: number;
  readonly objects: number;
  /** True for a backing index of a data stream that is restored. */
  readonly backing?: true;
}

export interface BeginRestoreResult {
  readonly manifest: ObjectRef;
  readonly snapshotUuid: string;
  readonly version: string;
  readonly totals: RestoreTotals;
  /** Number of data streams to restore; unset if there are none. */
  readonly dataStreams?: number;
  /** The global state to restore; unset if it is not asked for. */
  readonly globalState?: StateToRestore;
  /** Set if the restore's own workflow restores them; otherwise each group plans its own part. */
  readonly indices?: readonly IndexRestore[];
  readonly groups: readonly RestoreGroup[];
}

/** A stored global state, and the product of the cluster that it was taken of. */
export interface StateToRestore {
  readonly ref: ObjectRef;
  readonly product: string;
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
  /** Those that are backing indices of data streams that are restored; unset for none. */
  readonly backing?: readonly number[];
  /** Name shown to users: `logs-1`, `logs-1–logs-50`. */
  readonly label: string;
}

export interface RestoreGroupInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: ObjectRef;
  readonly request: IndexRequest;
  readonly group: RestoreGroup;
  /** Indices whose restore was stopped before the group began. */
  readonly stopped: readonly string[];
  readonly options: JobOptions;
}

/** Counts and lists of the outcomes of some indices. */
export interface RestoreSummary {
  readonly indices: { readonly done: number; readonly failed: number };
  readonly shards: { readonly total: number; readonly failed: number };
  readonly documents: number;
  /** Names of the restored indices. */
  readonly restored: readonly string[];
  readonly failures: Bounded<RestoreFailure>;
  readonly leftOut: Bounded<LeftOut>;
}

/** Result of a child workflow. */
export interface RestoreGroupResult {
  readonly summary: RestoreSummary;
  readonly recoveries: readonly IndexRecovery[];
}

/** Reason for which an index, or one of its shards, was not restored. */
export interface RestoreFailure {
  readonly index: string;
  readonly shard?: number;
  readonly reason: string;
}

/** A part of an index, or of the global state, that what was restored lacks, or has in another form. */
export interface LeftOut {
  /** Unset for a part of the global state. */
  readonly index?: string;
  readonly kind: 'setting' | 'mapping' | 'alias' | 'document' | 'data_stream' | StateKind;
  /** Name of the setting, field, alias, template and so on, or id of the document. */
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
  /** Uuid of the created index; an index that is created again under its name has another. */
  readonly uuid: string;
  /** Whether the empty index that it was cloned from may still exist. */
  readonly cloned: boolean;
  readonly chunks: readonly RestoreChunk[];
  readonly leftOut: Bounded<LeftOut>;
}

/** Result of restoring chunks of an index. */
export interface RestoredChunk extends CopyProgress {
  /** Documents that another client wrote during the restore; their newer versions were kept. */
  readonly conflicts: Bounded<string>;
}

export interface FinishedIndexResult {
  readonly leftOut: Bounded<LeftOut>;
}

/** Result of preparing several small indices in one step. */
export interface PreparedIndices {
  /** In the order of the call; null for an index that has to be prepared by a step of its own. */
  readonly indices: readonly (Omit<PreparedIndex, 'leftOut'> | null)[];
  readonly leftOut: Bounded<LeftOut>;
}

export interface RestoreOutcome {
  readonly state: 'SUCCESS' | 'PARTIAL' | 'FAILED';
  /** Restored indices; only the first if there are very many. */
  readonly indices: readonly string[];
  readonly indexCount: number;
  readonly shards: { readonly total: number; readonly failed: number };
  readonly failures: Bounded<RestoreFailure>;
  readonly leftOut: Bounded<LeftOut>;
  readonly documents: number;
}
