/**
 * The plan of a running snapshot: `beginSnapshot` makes it, the later steps work from it. It is stored in the bucket as
 * a note of the job (job-notes.ts).
 */
import { z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../blobs/contract/blob-store';
import { type PointInTime } from '../cluster/dialect/point-in-time';
import { type ShardTarget } from '../cluster/reading/document-reader';
import { type DataStream } from '../contracts/data-stream';
import { SnapkeepError } from '../contracts/errors';
import { type RefusedPart } from '../contracts/global-state';
import { type ShardGroup } from '../contracts/jobs/copy';
import { type PlanCounts } from '../contracts/jobs/snapshot';
import { type ObjectRef, type ShardEntry } from '../contracts/stored';
import { type ShardIdentity, type SnapshotManifest } from '../repository/format/format';
import { getMetadata } from '../repository/format/metadata';
import { type SharedMappings, shareMappings, unshareMappings } from '../repository/format/shared-mappings';
import { type NoteOptions, putNote } from './job-notes';

/** One shard of a planned index. */
export type PlannedShard =
  /**
   * No operation came since `entry` was written, so it is shared. `holder` is the uuid of the snapshot that holds it.
   * `seenMillis` is set for a shard that could not be looked at again when the views were opened: it was seen before.
   */
  | {
      readonly kind: 'unchanged';
      readonly target: ShardTarget;
      readonly entry: ShardEntry;
      readonly holder: string;
      readonly seenMillis?: number;
    }
  | {
      readonly kind: 'changed';
      readonly identity: ShardIdentity;
      readonly target: ShardTarget;
      /** The entry of the newest snapshot that holds the shard, if it can serve as base. */
      readonly base?: ShardEntry;
      /** Uuid of the snapshot that holds the base. */
      readonly holder?: string;
      /**
       * The session in which the base is known to belong to the shard's history; in another one it has to be proven.
       */
      readonly session?: string;
      /** Expected documents to read, and their bytes as JSON. */
      readonly documents: number;
      readonly bytes: number;
      /** True if operations came after the plan was made: its ordinal comes after those of the others. */
      readonly late?: true;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly status: string };

/** One index of a plan. */
interface PlannedIndex {
  readonly name: string;
  readonly uuid: string;
  /** Raw JSON text, as in the snapshot manifest. */
  readonly settings: string;
  readonly mappings: string;
  readonly aliases: string;
  readonly shards: readonly PlannedShard[];
}

/** The plan of a snapshot job. */
export interface JobPlan {
  readonly snapshot: string;
  readonly uuid: string;
  readonly startMillis: number;
  /** A time at which all unchanged shards held the documents of their entries. */
  readonly seenMillis: number;
  readonly cluster: SnapshotManifest['cluster'];
  /** How the cluster opens views. Readers of the job need no other fact of the cluster than this and `cluster`. */
  readonly pit: PointInTime;
  readonly includeGlobalState: boolean;
  /** The stored global state, and the parts that the cluster refused to show. */
  readonly globalState?: { readonly ref: ObjectRef; readonly refused: readonly RefusedPart[] };
  readonly metadata?: string;
  /** Unset if there are none. */
  readonly dataStreams?: readonly DataStream[];
  readonly indices: readonly PlannedIndex[];
}

/** A shard that has to be copied. Groups, results and progress refer to it by its ordinal. */
export interface ChangedShard {
  readonly ordinal: number;
  readonly index: PlannedIndex;
  readonly shard: number;
  readonly plan: Extract<PlannedShard, { kind: 'changed' }>;
}

/** Kept with their plans, because each step of a job asks for them. */
const changedOf = new WeakMap<JobPlan, readonly ChangedShard[]>();

/**
 * Returns the changed shards; the position is the ordinal. Small ones come before large ones, so that neighbours fit
 * into a group. Late ones come last, so that no ordinal changes.
 */
export function changedShards(plan: JobPlan): readonly ChangedShard[] {
  const known = changedOf.get(plan);
  if (known !== undefined) return known;
  const changed = plan.indices.flatMap((index) =>
    index.shards.flatMap((one, shard) => (one.kind === 'changed' ? [{ index, shard, plan: one }] : [])),
  );
  const rank = ({ plan: one }: Omit<ChangedShard, 'ordinal'>): number => (one.late ? 2 : 0) + (isSmall(one) ? 0 : 1);
  const shards = changed.sort((a, b) => rank(a) - rank(b)).map((one, ordinal) => ({ ordinal, ...one }));
  changedOf.set(plan, shards);
  return shards;
}

/** Returns the changed shard of an ordinal. Throws `internal` when the plan has no such shard. */
export function changedShard(plan: JobPlan, ordinal: number): ChangedShard {
  const shard = changedShards(plan)[ordinal];
  if (shard === undefined) throw new SnapkeepError('internal', `the plan has no changed shard [${ordinal}]`);
  return shard;
}

/** Returns the uuids of the snapshots that the plan builds on, each once. */
export function basesOf(plan: JobPlan): string[] {
  const holders = plan.indices.flatMap(({ shards }) =>
    shards.flatMap((shard) => (shard.kind === 'failed' ? [] : (shard.holder ?? []))),
  );
  return [...new Set(holders)];
}

/** Counts what the plan holds. */
export function countsOf(plan: JobPlan): PlanCounts {
  const shards = plan.indices.flatMap((index) => index.shards);
  return {
    indices: plan.indices.length,
    shards: shards.length,
    unchangedShards: shards.filter((shard) => shard.kind === 'unchanged').length,
    failedShards: shards.filter((shard) => shard.kind === 'failed').length,
  };
}

/** A shard with at most this many bytes to read is small: it shares an activity with others. */
const SMALL_SHARD_BYTES = 32 * 1024 * 1024;

function isSmall({ bytes }: Pick<ChangedShard['plan'], 'bytes'>): boolean {
  return bytes <= SMALL_SHARD_BYTES;
}

/** The most that one group of small shards holds, unless there would be too many groups. */
const SMALL_GROUP = { shards: 100, bytes: 64 * 1024 * 1024 } as const;
/** Groups of small shards hold fewer bytes, but not less than `leastBytes`, to become so many: workers share groups. */
const SHARED_GROUPS = { groups: 16, leastBytes: 8 * 1024 * 1024 } as const;
/** The most bytes of small shards that are read in views: what views hold open costs the cluster disk space. */
const READ_IN_VIEWS_BYTES = 64 * 1024 * 1024;

/** Returns whether the small ones of the shards are little enough together to be read whole in their views. */
export function areReadInViews(changed: readonly ChangedShard[]): boolean {
  const small = changed.filter(({ plan }) => isSmall(plan));
  return small.reduce((sum, { plan }) => sum + plan.bytes, 0) <= READ_IN_VIEWS_BYTES;
}

/** Large shards of one group, unless there would be too many groups. */
const LARGE_GROUP_SHARDS = 4;
/** About the most groups of either kind: each is a child workflow, and a part of what its parent holds and answers. */
const MOST_GROUPS = 500;
/** Groups that the shards of one round are settled in, at least, so that several workers can take part. */
const GROUPS_TO_SETTLE = 8;

/** Packs neighbouring changed shards into groups to copy: the shards of a group are all small or all large. */
export function groupShards(changed: readonly ChangedShard[]): ShardGroup[] {
  const small = changed.filter(({ plan }) => isSmall(plan));
  const smallBytes = small.reduce((sum, { plan }) => sum + plan.bytes, 0);
  // Two neighbours are more than one group holds: of groups that bytes limit there may be twice as many as need be.
  const mostSmall = {
    shards: Math.max(SMALL_GROUP.shards, Math.ceil((2 * small.length) / MOST_GROUPS)),
    bytes: Math.max(
      Math.min(SMALL_GROUP.bytes, Math.ceil(smallBytes / SHARED_GROUPS.groups)),
      SHARED_GROUPS.leastBytes,
      Math.ceil((4 * smallBytes) / MOST_GROUPS),
    ),
  };
  return packShards(changed, mostSmall, largeGroupShards(changed.length - small.length));
}

/** Returns how many shards a group holds where so many large ones are copied. */
export function largeGroupShards(large: number): number {
  return Math.max(LARGE_GROUP_SHARDS, Math.ceil(large / MOST_GROUPS));
}

/** Packs neighbouring changed shards into groups to settle. What is large was copied before: little is left of it. */
export function groupToSettle(changed: readonly ChangedShard[]): ShardGroup[] {
  const shards = Math.min(SMALL_GROUP.shards, Math.ceil(changed.length / GROUPS_TO_SETTLE));
  return packShards(changed, { shards, bytes: Infinity }, shards);
}

function packShards(
  changed: readonly ChangedShard[],
  mostSmall: { readonly shards: number; readonly bytes: number },
  mostLarge: number,
): ShardGroup[] {
  const groups: { first: ChangedShard; last: ChangedShard; small: boolean; bytes: number; documents: number }[] = [];
  for (const shard of changed) {
    const small = isSmall(shard.plan);
    const open = groups.at(-1);
    const fits =
      open?.small === small &&
      (small
        ? shard.ordinal - open.first.ordinal < mostSmall.shards && open.bytes + shard.plan.bytes <= mostSmall.bytes
        : shard.ordinal - open.first.ordinal < mostLarge);
    if (fits) {
      open.last = shard;
      open.bytes += shard.plan.bytes;
      open.documents += shard.plan.documents;
    } else {
      groups.push({ first: shard, last: shard, small, bytes: shard.plan.bytes, documents: shard.plan.documents });
    }
  }
  return groups.map(({ first, last, small, documents }) => ({
    first: first.ordinal,
    count: last.ordinal - first.ordinal + 1,
    small,
    label: label(first, last),
    documents,
  }));
}

function label(first: ChangedShard, last: ChangedShard): string {
  if (first === last) return `${first.index.name}[${first.shard}]`;
  if (first.index === last.index) return `${first.index.name}[${first.shard}–${last.shard}]`;
  return `${first.index.name}[${first.shard}] – ${last.index.name}[${last.shard}]`;
}

/** Writes the plan as a note of the job. Returns its reference. Throws what the store throws. */
export function writePlan(store: BlobStore, plan: JobPlan, options: NoteOptions): Promise<ObjectRef> {
  const content = { format: 1, plan: { ...plan, ...shareMappings(plan.indices) } };
  return putNote(store, plan.uuid, 'plan', content, options);
}

type StoredPlan = Omit<JobPlan, 'indices'> & SharedMappings<PlannedIndex>;

const planSchema = z.object({ plan: z.custom<StoredPlan>((value) => typeof value === 'object' && value !== null) });

/** Reads what {@link writePlan} wrote. Throws `blob_missing` once the job is over. */
export async function readPlan(store: BlobStore, ref: ObjectRef, options: BlobCallOptions = {}): Promise<JobPlan> {
  const { mappings, indices, ...plan } = (await getMetadata(store, ref, planSchema, options)).plan;
  return { ...plan, indices: unshareMappings<PlannedIndex>({ mappings, indices }) };
}
