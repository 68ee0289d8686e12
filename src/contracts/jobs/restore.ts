/** What goes in and out of the workflows and activities that restore a snapshot. */
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
  readonly manifest: ObjectRef;
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
  readonly manifest: ObjectRef;
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
