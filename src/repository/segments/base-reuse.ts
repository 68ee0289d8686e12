import { type ShardState } from '../../cluster/reading/document-reader';
import { type ShardEntry } from '../../contracts/stored';
import { type HeldShard } from '../catalogue/holders';
import { type ShardIdentity, type ShardManifest } from '../format/format';

/**
 * Returns whether the shard received no operation since the base snapshot. If so, a new snapshot can reference the
 * base's manifest unchanged. Compares identity and highest sequence number (deletes take numbers, too); the base must
 * be sealed completely.
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
 * Returns whether the process that served the shard when `entry` was written still serves it. If not, the shard's files
 * may have been replaced by an older copy, and `proveHistory` must decide.
 */
export function isSameSession(entry: ShardEntry, state: ShardState): boolean {
  return state.session !== undefined && state.session === entry.session;
}

/**
 * Builds the entry of an unchanged shard in a new snapshot: it shares all objects and adds none. `session` is the one
 * in which the shard was found unchanged.
 */
export function sharedEntry(base: ShardEntry, startMillis: number, session = base.session): ShardEntry {
  return {
    manifest: base.manifest,
    historyUuid: base.historyUuid,
    maxSeqNo: base.maxSeqNo,
    sealedThrough: base.sealedThrough,
    ...(session === undefined ? {} : { session }),
    ...(base.sharesNumbers === true ? { sharesNumbers: true } : {}),
    totals: { ...base.totals, addedObjects: 0, addedBytes: 0 },
    startMillis,
    millis: 0,
  };
}

/** Returns whether sealed segments of the base may be reused for the shard in its present state. */
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
