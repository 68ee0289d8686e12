import { type ShardState } from '../../cluster/reading/document-reader';
import { type ShardEntry } from '../../contracts/stored';
import { type HeldShard } from '../catalogue/holders';
import { type ShardIdentity, type ShardManifest } from '../format/format';

/**
 * Whether no operation came to the shard since the base saw it, so that its manifest serves a new snapshot as it is: same
 * identity, everything sealed, and the same highest sequence number (deletes take numbers, too).
 */
export function isUnchanged(base: HeldShard, state: ShardState, identity: ShardIdentity): boolean {
  const { entry } = base;
  return (
    base.clusterUuid === identity.clusterUuid &&
    base.shards === identity.shards &&
    entry.historyUuid === identity.historyUuid &&
    entry.sealedThrough === entry.maxSeqNo &&
    entry.maxSeqNo === state.maxSeqNo
  );
}

/**
 * Whether the process that served the shard when `entry` was written serves it still. Else an older copy of the shard's
 * files may have been put in place, and `proveHistory` has to tell.
 */
export function isSameSession(entry: ShardEntry, state: ShardState): boolean {
  return state.session !== undefined && state.session === entry.session;
}

/**
 * The entry of an unchanged shard in a new snapshot: everything is there, nothing was added. `session` is the one in which
 * it was found unchanged.
 */
export function sharedEntry(base: ShardEntry, startMillis: number, session = base.session): ShardEntry {
  return {
    manifest: base.manifest,
    historyUuid: base.historyUuid,
    maxSeqNo: base.maxSeqNo,
    sealedThrough: base.sealedThrough,
    ...(session === undefined ? {} : { session }),
    totals: { ...base.totals, addedObjects: 0, addedBytes: 0 },
    startMillis,
    millis: 0,
  };
}

/** Whether sealed segments of the base may serve the shard as it is now. */
export function isUsableBase(base: ShardManifest, state: ShardState, identity: ShardIdentity): boolean {
  return (
    base.identity.clusterUuid === identity.clusterUuid &&
    base.identity.indexUuid === identity.indexUuid &&
    base.identity.historyUuid === identity.historyUuid &&
    base.identity.shards === identity.shards &&
    base.identity.shard === identity.shard &&
    base.maxSeqNo <= state.maxSeqNo
  );
}
