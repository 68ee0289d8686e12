/**
 * The plan of a running snapshot: what `beginSnapshot` found out and the other steps work from. It lies in the bucket
 * as a note of the job (FORMAT.md, "Keys"), since it can be larger than a workflow payload may be, and goes when the
 * job is over.
 */
import { z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../blobs/contract/blob-store';
import { type PointInTime } from '../cluster/dialect/point-in-time';
import { type ShardTarget } from '../cluster/reading/document-reader';
import { type ShardGroup } from '../contracts/jobs/copy';
import { type ObjectRef, type ShardEntry } from '../contracts/stored';
import { type ShardIdentity, type SnapshotManifest } from '../repository/format/format';
import { jobNoteName, newAttempt } from '../repository/format/keys';
import { getMetadata, putMetadata } from '../repository/format/metadata';
import { type SharedMappings, shareMappings, unshareMappings } from '../repository/format/shared-mappings';

export type PlannedShard =
  /** No operation came since `entry` was written: it is shared. `holder` is the uuid of the snapshot that holds it. */
  | { readonly kind: 'unchanged'; readonly entry: ShardEntry; readonly holder: string }
  | {
      readonly kind: 'changed';
      readonly identity: ShardIdentity;
      readonly target: ShardTarget;
      /** What the newest snapshot that holds the shard has of it, if any of that may be used again. */
      readonly base?: ShardEntry;
      /** Uuid of the snapshot that holds the base. */
      readonly holder?: string;
      /** The session in which the base is known to be of the shard's history; in another one it has to be proven. */
      readonly session?: string;
      /** Expected documents to read, and their bytes as JSON. */
      readonly documents: number;
      readonly bytes: number;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly status: string };

export interface PlannedIndex {
  readonly name: string;
  readonly uuid: string;
  /** Raw JSON text, as in the snapshot manifest. */
  readonly settings: string;
  readonly mappings: string;
  readonly aliases: string;
  readonly shards: readonly PlannedShard[];
}

export interface JobPlan {
  readonly snapshot: string;
  readonly uuid: string;
  readonly startMillis: number;
  readonly cluster: SnapshotManifest['cluster'];
  /** How the cluster opens views; with `cluster`, all that readers of the job have to know of it. */
  readonly pit: PointInTime;
  readonly includeGlobalState: boolean;
  readonly metadata?: string;
  readonly indices: readonly PlannedIndex[];
}

/** A shard that has to be copied, by the ordinal that groups, results and progress call it by. */
export interface ChangedShard {
  readonly ordinal: number;
  readonly index: PlannedIndex;
  readonly shard: number;
  readonly plan: Extract<PlannedShard, { kind: 'changed' }>;
}

/** The changed shards, in order; the position is the ordinal. */
export function changedShards(plan: JobPlan): ChangedShard[] {
  const changed: ChangedShard[] = [];
  for (const index of plan.indices) {
    for (const [shard, one] of index.shards.entries()) {
      if (one.kind === 'changed') changed.push({ ordinal: changed.length, index, shard, plan: one });
    }
  }
  return changed;
}

/** Uuids of the snapshots that the plan builds on. */
export function basesOf(plan: JobPlan): string[] {
  const holders = plan.indices.flatMap(({ shards }) =>
    shards.flatMap((shard) => (shard.kind === 'failed' ? [] : (shard.holder ?? []))),
  );
  return [...new Set(holders)];
}

/** A shard with at most this many bytes to read is small: it shares an activity with others. */
export const SMALL_SHARD_BYTES = 32 * 1024 * 1024;
/** Bounds of one group of small shards. */
const SMALL_GROUP = { shards: 100, bytes: 64 * 1024 * 1024 } as const;
/** Large shards of one group: bounds the history of the child workflow that copies them. */
const LARGE_GROUP_SHARDS = 4;

/** Packs neighbouring changed shards into groups, each all small or all large. */
export function groupShards(changed: readonly ChangedShard[]): ShardGroup[] {
  const groups: { first: ChangedShard; last: ChangedShard; small: boolean; bytes: number; documents: number }[] = [];
  for (const shard of changed) {
    const small = shard.plan.bytes <= SMALL_SHARD_BYTES;
    const open = groups.at(-1);
    const fits =
      open?.small === small &&
      (small
        ? shard.ordinal - open.first.ordinal < SMALL_GROUP.shards && open.bytes + shard.plan.bytes <= SMALL_GROUP.bytes
        : shard.ordinal - open.first.ordinal < LARGE_GROUP_SHARDS);
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

/** Writes the plan under the snapshot's prefix. */
export function writePlan(
  store: BlobStore,
  plan: JobPlan,
  options: BlobCallOptions & { compress: boolean },
): Promise<ObjectRef> {
  return putMetadata(
    store,
    jobNoteName(plan.uuid, 'plan', newAttempt()),
    { format: 1, plan: { ...plan, ...shareMappings(plan.indices) } },
    options,
  );
}

type StoredPlan = Omit<JobPlan, 'indices'> & SharedMappings<PlannedIndex>;

const planSchema = z.object({ plan: z.custom<StoredPlan>((value) => typeof value === 'object' && value !== null) });

/** Reads what {@link writePlan} wrote. Throws `blob_missing` once the job is over. */
export async function readPlan(store: BlobStore, ref: ObjectRef, options: BlobCallOptions = {}): Promise<JobPlan> {
  const { mappings, indices, ...plan } = (await getMetadata(store, ref, planSchema, options)).plan;
  return { ...plan, indices: unshareMappings<PlannedIndex>({ mappings, indices }) };
}
