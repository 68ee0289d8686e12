/** Inputs, results and progress of the workflows and activities that copy changed shards. */
import { type SeqNoRange } from '../seq-no';
import { type ObjectRef, type ShardEntry } from '../stored';
import { type JobOptions, type JobRepository } from './job';

/** Adjacent changed shards of the plan that are copied, or settled, together. */
export interface ShardGroup {
  /** Ordinals in the plan's list of changed shards: `[first, first + count)`. */
  readonly first: number;
  readonly count: number;
  /** True: one activity can do all that the group needs. */
  readonly small: boolean;
  /** Name shown to users: `logs[0..4]`, `logs[0]–metrics[2]`. */
  readonly label: string;
  /** Expected documents. */
  readonly documents: number;
}

/** The outcome of one shard of a group; the shard's manifest is in the bucket. */
export interface ShardResult {
  /** Ordinal in the plan's list of changed shards. */
  readonly ordinal: number;
  /** The shard's entry of the snapshot manifest; unset if the shard failed. */
  readonly entry?: ShardEntry;
  readonly failure?: { readonly reason: string; readonly status: string };
}

/** What was copied of a shard before it is settled. */
export interface CopiedShard {
  readonly ordinal: number;
  /** Objects in the bucket that list its segments, in order. */
  readonly parts: readonly ObjectRef[];
  /** Ranges of sequence numbers that were copied completely. */
  readonly covers: readonly SeqNoRange[];
  readonly failure?: ShardResult['failure'];
}

/** Result of copying the sealed parts of a group; the list of its {@link CopiedShard}s is an object. */
export interface CopiedGroup {
  readonly first: number;
  readonly count: number;
  readonly copied: ObjectRef;
}

/** Result of opening views for the shards of a plan from an ordinal on: for those before `to`. */
export interface OpenedViews {
  /** The plan to go on with: shards that turned out to have changed are added to the changed ones, at their end. */
  readonly plan: ObjectRef;
  /** The list of the open views. */
  readonly views: ObjectRef;
  readonly to: number;
  /** The number of changed shards of `plan`. */
  readonly changedShards: number;
  /** The shards with views, in groups to settle. */
  readonly groups: readonly ShardGroup[];
  /** A time at which all unchanged shards held the documents of the snapshot. */
  readonly unchangedMillis: number;
}

/** Result of copying the only group of a snapshot, which opens its views itself. */
export interface SmallGroupResult extends GroupResult {
  readonly plan: ObjectRef;
  readonly unchangedMillis: number;
}

/** Result of settling a group. The results are stored as an object, so that payloads stay small. */
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

/** Input of settling a group of shards in views that were opened before. */
export interface SettleGroupInput extends CopyGroupInput {
  /** The list of the open views. */
  readonly views: ObjectRef;
  /** Lists of what was copied of the shards before. */
  readonly copied: readonly ObjectRef[];
}

/** One large shard as planned for copying. */
export interface ShardPlan {
  readonly label: string;
  /** Sealed ranges to copy before the shard is settled, each by one activity; about {@link mostChunks} at most. */
  readonly chunks: readonly ChunkPlan[];
  /** The ranges of sequence numbers that the chunks copy completely, all together. */
  readonly covers: readonly SeqNoRange[];
  /** Set if some chunks are copied in document order. */
  readonly ordered?: OrderedCopy;
  /** True if nothing that was copied before can be used: the chunks are all that is copied. */
  readonly anew?: true;
}

/** A range of sequence numbers to copy, or of document numbers if `ordered` is true. */
export interface ChunkPlan extends SeqNoRange {
  /** Expected documents. */
  readonly documents: number;
  /** True: the chunk is a part of the view of {@link OrderedCopy}. */
  readonly ordered?: true;
}

/** How documents of a large shard are copied in document order. */
export interface OrderedCopy {
  /** Name of the view in the cluster. The workflow has it closed. */
  readonly view: string;
  /** The sequence numbers that are copied: sealed ones. */
  readonly numbers: SeqNoRange;
  /** The object that says which numbers are stored already, from a view that was lost. */
  readonly stored?: ObjectRef;
}

/** Most chunks of one shard in a plan, which bounds the payload. A larger shard has larger chunks. */
export const MAX_CHUNKS = 400;
/** Most chunks of all shards of a group in a plan, which bounds the history of the workflow that copies them. */
const MAX_GROUP_CHUNKS = 1_600;

/** Returns the most chunks of each shard of a group: the more shards it has, the larger are their chunks. */
export function mostChunks({ count }: Pick<ShardGroup, 'count'>): number {
  return Math.max(1, Math.min(MAX_CHUNKS, Math.floor(MAX_GROUP_CHUNKS / count)));
}

export interface ChunkResult {
  /** The object in the bucket that lists the segments written, in order; none if nothing was written. */
  readonly parts: readonly ObjectRef[];
  readonly documents: number;
  readonly objects: number;
  readonly bytes: number;
  /** True if the cluster lost the view before the end of the chunk: the rest must be planned again. */
  readonly viewLost?: true;
  /** True if the numbers were not what they were taken for: the shard must be read whole, in one view. */
  readonly inconsistent?: true;
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
