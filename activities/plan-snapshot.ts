/** Compares what the cluster has with what the newest snapshot holds: which shards have to be copied? */
import { type ClusterInfo } from '../src/cluster/cluster-info';
import { type IndexMetadata } from '../src/cluster/index-metadata';
import { type ShardState } from '../src/cluster/shard-source';
import { type SnapshotRequest } from '../src/contracts/jobs';
import { findBases } from '../src/repository/base-rule';
import { type Catalogue } from '../src/repository/catalogue';
import { type Root, type ShardIdentity } from '../src/repository/format';
import { type JobPlan, type PlannedShard } from '../src/repository/plan';
import { type HeldShards, shardId } from '../src/repository/holders';
import { isUnchanged } from '../src/repository/unchanged';

/** JSON of a document takes about this many times what it takes on disk; corrected by what really comes. */
const JSON_PER_STORED_BYTE = 2;
const LEAST_BYTES_PER_DOCUMENT = 64;

export interface PlanInputs {
  readonly call: {
    readonly snapshot: string;
    readonly uuid: string;
    readonly startMillis: number;
    readonly request: SnapshotRequest;
  };
  readonly info: ClusterInfo;
  readonly indices: readonly IndexMetadata[];
  readonly states: readonly ShardState[];
  readonly root: Root;
  readonly catalogue: Catalogue;
  readonly signal: AbortSignal;
}

export async function planSnapshot(inputs: PlanInputs): Promise<JobPlan> {
  const { call, info, indices, root, catalogue, signal } = inputs;
  const names = indices.flatMap((index) =>
    Array.from({ length: index.numberOfShards }, (_, shard) => ({ indexUuid: index.uuid, shard })),
  );
  const bases = await findBases(catalogue, root, names, { signal });
  const states = new Map(inputs.states.map((state) => [`${state.shard} ${state.index}`, state]));
  return {
    snapshot: call.snapshot,
    uuid: call.uuid,
    startMillis: call.startMillis,
    cluster: { uuid: info.uuid, name: info.name, product: info.product, version: info.version },
    // Whatever was asked for: the cluster state is not kept, and nothing may say that it is.
    includeGlobalState: false,
    metadata: call.request.metadata,
    indices: indices.map((index) => ({
      name: index.name,
      uuid: index.uuid,
      settings: index.settings,
      mappings: index.mappings,
      aliases: index.aliases,
      shards: Array.from({ length: index.numberOfShards }, (_, shard) =>
        planShard(info, index, shard, states.get(`${shard} ${index.name}`), bases),
      ),
    })),
  };
}

function planShard(
  info: ClusterInfo,
  index: IndexMetadata,
  shard: number,
  state: ShardState | undefined,
  bases: HeldShards,
): PlannedShard {
  const refusal = refuse(index);
  if (refusal !== undefined) return { kind: 'failed', reason: refusal, status: 'BAD_REQUEST' };
  if (state === undefined) {
    return {
      kind: 'failed',
      reason: `primary of [${index.name}][${shard}] is not allocated`,
      status: 'SERVICE_UNAVAILABLE',
    };
  }
  const identity: ShardIdentity = {
    clusterUuid: info.uuid,
    indexUuid: index.uuid,
    historyUuid: state.historyUuid,
    shards: index.numberOfShards,
    shard,
  };
  const base = bases.get(shardId(index.uuid, shard));
  if (base !== undefined && isUnchanged(base, state, identity)) {
    return { kind: 'unchanged', entry: base.entry, holder: base.snapshotUuid };
  }
  const builds =
    base !== undefined && base.entry.historyUuid === state.historyUuid && state.maxSeqNo >= base.entry.maxSeqNo;
  const bytesPerDocument = Math.max(
    LEAST_BYTES_PER_DOCUMENT,
    state.documents === 0 ? 0 : Math.ceil((state.storeBytes / state.documents) * JSON_PER_STORED_BYTE),
  );
  // Operations that came since, at most as many as there are documents.
  const documents = Math.min(state.documents, builds ? state.maxSeqNo - base.entry.sealedThrough : state.documents);
  return {
    kind: 'changed',
    identity,
    target: { index: index.name, shard, bytesPerDocument, primaryOnly: index.segmentReplication },
    base: builds ? base.entry : undefined,
    holder: builds ? base.snapshotUuid : undefined,
    documents,
    bytes: documents * bytesPerDocument,
  };
}

/** Why the index can't be read so that it could be restored; undefined when it can. */
function refuse(index: IndexMetadata): string | undefined {
  if (index.closed) {
    return `index [${index.name}] is closed: its documents can't be read; open it, or leave it out with [-${index.name}]`;
  }
  if (index.sourceDisabled) {
    return `index [${index.name}] has [_source] disabled: its documents can't be read back; leave it out with [-${index.name}]`;
  }
  if (index.seqNoDisabled) {
    return `index [${index.name}] keeps no sequence numbers ([index.disable_sequence_numbers]); it can't be read consistently; leave it out with [-${index.name}]`;
  }
  return undefined;
}
