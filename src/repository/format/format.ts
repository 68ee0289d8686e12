/**
 * The objects of the repository format, version 1, as they are written. FORMAT.md beside this file is the
 * specification; where they differ, FORMAT.md is right.
 */

import { type ObjectRef, type ShardEntry, type Totals } from '../../contracts/stored';
import { type Codec } from '../../documents/codec';
import { type SharedMappings } from './shared-mappings';

/** Written into every metadata object; a reader refuses a version it does not know. */
export const FORMAT_VERSION = 1;

export type SnapshotState = 'SUCCESS' | 'PARTIAL' | 'FAILED';

/** `snapkeep-root-<N>`: the root of generation N. */
export interface Root {
  readonly format: typeof FORMAT_VERSION;
  /** 0 only in memory, for a repository that was never written. */
  readonly generation: number;
  /** Made with the first generation, the same ever after: tells a repository that was replaced from one that went on. */
  readonly uuid: string;
  /** Every index that a snapshot names, once; entries name them by their ordinals here. */
  readonly indices: readonly RootIndex[];
  /** Ascending by `order`; a clone directly follows its source. */
  readonly snapshots: readonly RootEntry[];
  /** Snapshots that were deleted and are not swept yet; ascending by `order`. */
  readonly removed: readonly RemovedEntry[];
  /** UUIDs of snapshots that were rolled back lately, newest last: a zombie must not commit one of them. */
  readonly rolledBack: readonly string[];
  /** Snapshots that are being taken for long, and what they build on: no installation sweeps that meanwhile. */
  readonly building: readonly Building[];
  /** UUIDs of snapshots that were swept lately, newest last: never to be committed again, nor rolled back. */
  readonly swept: readonly string[];
}

/** A snapshot that is being taken, as other installations see it. */
export interface Building {
  readonly uuid: string;
  /** UUIDs of the snapshots that it builds on. */
  readonly reads: readonly string[];
  /** When it was planned, ms since the epoch; it counts for {@link BUILDING_MS}. */
  readonly sinceMillis: number;
}

/** How long a snapshot that never came, nor was rolled back, keeps others from sweeping what it builds on, ms. */
export const BUILDING_MS = 7 * 24 * 3_600_000;

export interface RootIndex {
  readonly name: string;
  readonly uuid: string;
}

/** One snapshot as lists show it: nothing else has to be read unless it has failures or details are asked for. */
export interface RootEntry {
  readonly snapshot: string;
  readonly uuid: string;
  /** Generation whose commit brought the snapshot; a clone has that of its source. Says who neighbours whom. */
  readonly order: number;
  readonly state: SnapshotState;
  readonly startMillis: number;
  readonly endMillis: number;
  /** Ordinals in {@link Root.indices}, as runs. */
  readonly indices: string;
  /** Those of `indices` of which the snapshot holds no shard at all, as runs; '' for none. */
  readonly dataless: string;
  readonly shards: { readonly total: number; readonly failed: number };
  /** Documents that a restore of the snapshot writes. */
  readonly documents: number;
  /** Stored bytes of data that the snapshot needs, and of those the ones it added. */
  readonly bytes: number;
  readonly addedBytes: number;
  /** Version of the cluster. */
  readonly version: string;
  readonly includeGlobalState: boolean;
  /** `metadata` of the request, as raw JSON text. */
  readonly metadata?: string;
  readonly manifest: ObjectRef;
}

/** A deleted snapshot: all that sweeping it needs, whoever does it. */
export interface RemovedEntry {
  readonly snapshot: string;
  readonly uuid: string;
  readonly order: number;
  /** As in {@link RootEntry}. */
  readonly indices: string;
  readonly dataless: string;
  readonly manifest: ObjectRef;
  readonly removedMillis: number;
  /** Generation of the root whose commit removed it. */
  readonly removedGeneration: number;
  /** False: running jobs may still build on it. True: none may any more, and its objects may be missing already. */
  readonly sweeping: boolean;
}

/** One reason why something is not in the snapshot, as `failures` shows it. */
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
  readonly indices: readonly IndexEntry[];
  readonly failures: readonly ShardFailure[];
  readonly totals: Totals;
}

/** A snapshot manifest as it is stored: equal mappings once. */
export type StoredSnapshot = Omit<SnapshotManifest, 'indices'> & SharedMappings<IndexEntry>;

export interface IndexEntry {
  readonly name: string;
  readonly uuid: string;
  /** `settings`, `mappings`, `aliases` of `GET /{index}` as raw JSON text, so that nothing is lost in parsing. */
  readonly settings: string;
  readonly mappings: string;
  readonly aliases: string;
  /** One per shard, in order; null where the shard failed. */
  readonly shards: readonly (ShardEntry | null)[];
}

/** What makes two looks at a shard comparable; any difference means: read everything. */
export interface ShardIdentity {
  readonly clusterUuid: string;
  readonly indexUuid: string;
  readonly historyUuid: string;
  readonly shards: number;
  readonly shard: number;
}

/** The manifest of one shard, shared by all snapshots that saw it unchanged. */
export interface ShardManifest {
  readonly format: typeof FORMAT_VERSION;
  readonly identity: ShardIdentity;
  /** Highest sequence number of the shard when it was read. */
  readonly maxSeqNo: number;
  /** Sequence numbers up to this one lie in sealed segments; -1 for none. */
  readonly sealedThrough: number;
  /**
   * Ascending, not overlapping; sealed ones first, within `[0, sealedThrough]`, then unsealed ones above. What no
   * segment covers held no live document.
   */
  readonly segments: readonly Segment[];
}

/** The live documents of one range of sequence numbers, in one object or the parts of one. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  /** Whether the range lies at or below the global checkpoint, so that later snapshots may build on it. */
  readonly sealed: boolean;
  readonly codec: Codec;
  /** The bytes of the segment are those of the objects, one after the other. */
  readonly objects: readonly ObjectRef[];
  /** Independently compressed pieces, each a whole `_bulk` body, one after the other. */
  readonly frames: readonly Frame[];
  /** Stored documents' sequence numbers, as runs (FORMAT.md, "Runs"). */
  readonly seqNos: string;
  /** Stored documents that are gone since, as runs; '' for none. */
  readonly deleted: string;
  /** Documents stored, and of those the ones that are not gone. */
  readonly stored: number;
  readonly live: number;
  /** Marks of its last stored documents, the last one first (FORMAT.md, "Marks"). */
  readonly marks?: readonly string[];
}

export interface Frame {
  /** Stored bytes. */
  readonly length: number;
  /** Bytes of the `_bulk` body. */
  readonly rawLength: number;
  readonly documents: number;
}
