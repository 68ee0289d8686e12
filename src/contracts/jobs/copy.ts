/** What goes in and out of the workflows and activities that copy changed shards. */
import { type SeqNoRange } from '../seq-no';
import { type ObjectRef, type ShardEntry } from '../stored';
import { type JobOptions, type JobRepository } from './job';

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

/** How one shard of a group ended; the shard's manifest is in the bucket. */
export interface ShardResult {
  /** Ordinal in the plan's list of changed shards. */
  readonly ordinal: number;
  /** Stored by the activity: the shard's entry of the snapshot manifest. Unset when it failed. */
  readonly entry?: ShardEntry;
  readonly failure?: { readonly reason: string; readonly status: string };
}

/** What the child workflow of a group returns: its results are an object, so that payloads stay small. */
export interface GroupResult {
  readonly results: ObjectRef;
  readonly failed: number;
}

export interface CopyGroupInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly uuid: string;
  readonly plan: ObjectRef;
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
  readonly parts: readonly ObjectRef[];
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
}

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

export interface GroupStatus {
  readonly shards: readonly ShardProgress[];
}
