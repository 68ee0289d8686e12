/**
 * Types of the objects of the repository format, version 1, as they are written. The specification is
 * src/repository/FORMAT.md: if the two differ, the specification is right.
 */

import { type DataStream } from '../../contracts/data-stream';
import { type ObjectRef, type ShardEntry, type Totals } from '../../contracts/stored';
import { type Codec } from '../../documents/codec';
import { type SharedMappings } from './shared-mappings';

/** The version in every metadata object. A reader refuses a higher one. */
export const FORMAT_VERSION = 1;

/** State of a finished snapshot, as Elasticsearch names it. */
export type SnapshotState = 'SUCCESS' | 'PARTIAL' | 'FAILED';

/** `snapkeep-root-<N>`: the root of generation N. */
export interface Root {
  readonly format: typeof FORMAT_VERSION;
  /** 0 only in memory, for a repository that was never written. */
  readonly generation: number;
  /** Set by the first generation and never changed. If it differs, the repository was replaced by another one. */
  readonly uuid: string;
  /** Every index that a snapshot names, once; entries refer to them by their ordinals here. */
  readonly indices: readonly RootIndex[];
  /** Ascending by `order`; a clone directly follows its source. */
  readonly snapshots: readonly RootEntry[];
  /** Snapshots that were deleted and are not swept yet; ascending by `order`. */
  readonly removed: readonly RemovedEntry[];
  /** UUIDs of snapshots that were rolled back recently, newest last: a zombie must not commit one of them. */
  readonly rolledBack: readonly string[];
  /** Long-running snapshots and what they build on, which no installation may sweep while they run. */
  readonly building: readonly Building[];
  /** UUIDs of snapshots that were swept recently, newest last: they must not be committed again, nor rolled back. */
  readonly swept: readonly string[];
}

/** A running snapshot, as other installations see it. */
export interface Building {
  readonly uuid: string;
  /** UUIDs of the snapshots that it builds on. */
  readonly reads: readonly string[];
  /** Time at which it was planned, ms since the epoch; the entry counts for {@link BUILDING_MS}. */
  readonly sinceMillis: number;
}

/**
 * Lifetime of an entry of `building`, ms: after that a snapshot that was neither committed nor rolled back spares
 * nothing.
 */
export const BUILDING_MS = 7 * 24 * 3_600_000;

/** An index that snapshots of the repository hold. */
export interface RootIndex {
  readonly name: string;
  readonly uuid: string;
}

/** One snapshot as lists show it. Nothing else is read for a list, unless it shows failures or details. */
export interface RootEntry {
  readonly snapshot: string;
  readonly uuid: string;
  /**
   * Generation whose commit added the snapshot; a clone has that of its source. Defines which snapshots are neighbours.
   */
  readonly order: number;
  readonly state: SnapshotState;
  readonly startMillis: number;
  readonly endMillis: number;
  /** Ordinals in {@link Root.indices}, as runs. */
  readonly indices: string;
  /** The ordinals among `indices` of which the snapshot holds no shard, as runs; '' for none. */
  readonly dataless: string;
  readonly shards: { readonly total: number; readonly failed: number };
  /** Number of documents that a restore of the snapshot writes. */
  readonly documents: number;
  /** Stored bytes of the data that the snapshot needs. */
  readonly bytes: number;
  /** Stored bytes of the data that the snapshot wrote itself. */
  readonly addedBytes: number;
  /** Version of the cluster. */
  readonly version: string;
  readonly includeGlobalState: boolean;
  /** `metadata` of the request, as raw JSON text. */
  readonly metadata?: string;
  /** Names of its data streams; unset if it has none. */
  readonly dataStreams?: readonly string[];
  /** Key of the global state; unset if the snapshot has none. */
  readonly globalState?: string;
  readonly manifest: ObjectRef;
}

/** A deleted snapshot, with all that is needed to sweep it. */
export interface RemovedEntry {
  readonly snapshot: string;
  readonly uuid: string;
  readonly order: number;
  /** As in {@link RootEntry}. */
  readonly indices: string;
  readonly dataless: string;
  readonly globalState?: string;
  readonly manifest: ObjectRef;
  readonly removedMillis: number;
  /** Generation of the root whose commit removed it. */
  readonly removedGeneration: number;
  /** If false, running jobs may still build on it. If true, none may any more, and its objects may be missing. */
  readonly sweeping: boolean;
}

/** One entry of `failures`: a shard that the snapshot lacks, and the reason. */
export interface ShardFailure {
  readonly index: string;
  readonly indexUuid: string;
  readonly shard: number;
  readonly reason: string;
  /** Elasticsearch's status name, such as INTERNAL_SERVER_ERROR. */
  readonly status: string;
}

/** The manifest of a snapshot. */
export interface SnapshotManifest {
  readonly format: typeof FORMAT_VERSION;
  readonly snapshot: string;
  readonly uuid: string;
  readonly state: SnapshotState;
  readonly startMillis: number;
  readonly endMillis: number;
  readonly cluster: {
    readonly uuid: string;
    readonly name: string;
    readonly product: string;
    readonly version: string;
  };
  /** `metadata` of the request, as raw JSON text. */
  readonly metadata?: string;
  readonly includeGlobalState: boolean;
  /** The object of the global state; unset if the snapshot has none. */
  readonly globalState?: ObjectRef;
  /** Data streams that it holds whole, with all their backing indices; unset if there are none. */
  readonly dataStreams?: readonly DataStream[];
  readonly indices: readonly IndexEntry[];
  readonly failures: readonly ShardFailure[];
  readonly totals: Totals;
}

/** A snapshot manifest as it is stored: each mapping once. */
export type StoredSnapshot = Omit<SnapshotManifest, 'indices'> & SharedMappings<IndexEntry>;

/** One index of a snapshot. */
export interface IndexEntry {
  readonly name: string;
  readonly uuid: string;
  /** `settings`, `mappings` and `aliases` of `GET /{index}`, as raw JSON text, so that parsing loses nothing. */
  readonly settings: string;
  readonly mappings: string;
  readonly aliases: string;
  /** One per shard, in order; null where the shard failed. */
  readonly shards: readonly (ShardEntry | null)[];
}

/** Identifies a shard and its history. If two identities differ, nothing of the shard can be reused. */
export interface ShardIdentity {
  readonly clusterUuid: string;
  readonly indexUuid: string;
  readonly historyUuid: string;
  readonly shards: number;
  readonly shard: number;
}

/** The manifest of one shard, shared by all snapshots that found the shard unchanged. */
export interface ShardManifest {
  readonly format: typeof FORMAT_VERSION;
  readonly identity: ShardIdentity;
  /** Highest sequence number of the shard when it was read. */
  readonly maxSeqNo: number;
  /** Sequence numbers up to this one lie in sealed segments; -1 for none. */
  readonly sealedThrough: number;
  /**
   * Ascending by `from`; sealed ones first, within `[0, sealedThrough]`, then unsealed ones above. Numbers that no
   * segment holds had no live document.
   */
  readonly segments: readonly Segment[];
}

/** Documents of one shard with any set of sequence numbers, in one object or the parts of one. */
export interface Segment {
  /** The lowest sequence number of its stored documents, and one past the highest. Segments may overlap. */
  readonly from: number;
  readonly to: number;
  /** True if all numbers lie at or below the global checkpoint, so that later snapshots may reuse the segment. */
  readonly sealed: boolean;
  readonly codec: Codec;
  /** The objects whose bytes, one after the other, are those of the segment. */
  readonly objects: readonly ObjectRef[];
  /** Independently compressed pieces, each a whole `_bulk` body, in order. */
  readonly frames: readonly Frame[];
  /** Sequence numbers of the stored documents, as runs (FORMAT.md, "Runs"), one list per frame; or else `numbers`. */
  readonly seqNos?: readonly string[];
  /** The object that holds these lists if they are long, and how many numbers lie in each bucket. */
  readonly numbers?: { readonly object: ObjectRef; readonly buckets: string };
  /** Sequence numbers of stored documents that were deleted since, as runs; '' for none. */
  readonly deleted: string;
  /** Number of stored documents. */
  readonly stored: number;
  /** Number of stored documents that were not deleted since. */
  readonly live: number;
  /** Marks of the stored documents with the highest numbers: `<number>:<mark>` (FORMAT.md, "Marks"). */
  readonly marks?: readonly string[];
}

/** Returns the objects of a segment: its data, and its numbers if they have an object. */
export function segmentObjects({ objects, numbers }: Pick<Segment, 'objects' | 'numbers'>): readonly ObjectRef[] {
  return numbers === undefined ? objects : [...objects, numbers.object];
}

/** One independently compressed piece of a segment. */
export interface Frame {
  /** Stored bytes. */
  readonly length: number;
  /** Bytes of the `_bulk` body. */
  readonly rawLength: number;
  readonly documents: number;
}
