/** Plans a snapshot: compares the cluster's shards with the newest snapshots, and finds those to copy. */
import { type Cluster } from '../cluster/cluster';
import { type ClusterInfo } from '../cluster/facts/cluster-info';
import { type IndexMetadata } from '../cluster/facts/index-metadata';
import { type ShardState, type ShardTarget } from '../cluster/reading/document-reader';
import { inLanes } from '../concurrency/lanes';
import { type ErrorCode, isSnapkeepError } from '../contracts/errors';
import { type SnapshotRequest } from '../contracts/jobs/snapshot';
import { type ShardEntry } from '../contracts/stored';
import { findBases } from '../repository/catalogue/base-rule';
import { type Catalogue } from '../repository/catalogue/catalogue';
import { type HeldShards, shardId } from '../repository/catalogue/holders';
import { type Root, type ShardIdentity } from '../repository/format/format';
import { isSameSession, isUnchanged } from '../repository/segments/base-reuse';
import { proveHistory } from '../repository/segments/prove-history';
import { SegmentNumbers } from '../repository/segments/segment-numbers';
import { knownOf } from '../repository/segments/shard-ranges';
import { type JobPlan, type PlannedShard } from './job-plan';

/** JSON of documents takes about this many times their bytes on disk; real sizes correct the estimate later. */
const JSON_PER_STORED_BYTE = 2;
const LEAST_BYTES_PER_DOCUMENT = 64;

/** The job that is planned, and the facts it is planned from. */
interface PlanInputs {
  readonly call: {
    readonly snapshot: string;
    readonly uuid: string;
    readonly startMillis: number;
    readonly request: SnapshotRequest;
  };
  readonly info: ClusterInfo;
  readonly indices: readonly IndexMetadata[];
  readonly states: readonly ShardState[];
  /** Time at which the states began to be read. */
  readonly statesMillis: number;
  readonly root: Root;
  readonly catalogue: Catalogue;
  readonly cluster: Pick<Cluster, 'refresh' | 'readerOf'>;
  readonly signal: AbortSignal;
}

/**
 * Plans the snapshot of the indices: which shards are shared with an earlier snapshot, copied on top of a base, copied
 * whole, or failed because they cannot be read. Refreshes indices whose bases have to be proven; changes nothing else.
 * Throws what the cluster and the store throw.
 */
export async function planSnapshot(inputs: PlanInputs): Promise<JobPlan> {
  const { call, info, indices, root, catalogue, signal } = inputs;
  const names = indices.flatMap((index) =>
    Array.from({ length: index.numberOfShards }, (_, shard) => ({ indexUuid: index.uuid, shard })),
  );
  const bases = await findBases(catalogue, root, names, { signal });
  const states = new Map(inputs.states.map((state) => [`${state.shard} ${state.index}`, state]));
  const looks = indices.map((index) => {
    const look = (_: unknown, shard: number): Look =>
      lookAt(info, index, shard, states.get(`${shard} ${index.name}`), bases);
    return [index, Array.from({ length: index.numberOfShards }, look)] as const;
  });
  await proveBases(
    inputs,
    looks.flatMap(([, shards]) => shards),
  );
  return {
    snapshot: call.snapshot,
    uuid: call.uuid,
    startMillis: call.startMillis,
    seenMillis: inputs.statesMillis,
    cluster: { uuid: info.uuid, name: info.name, product: info.product, version: info.version },
    pit: info.pit,
    includeGlobalState: call.request.includeGlobalState,
    metadata: call.request.metadata,
    indices: looks.map(([index, shards]) => ({
      name: index.name,
      uuid: index.uuid,
      settings: index.settings,
      mappings: index.mappings,
      aliases: index.aliases,
      shards: shards.map(planShard),
    })),
  };
}

/** The facts of a shard before it is decided how it is copied. */
type Look = Readable | Extract<PlannedShard, { kind: 'failed' }>;

interface Readable {
  readonly kind: 'readable';
  readonly index: IndexMetadata;
  readonly state: ShardState;
  readonly identity: ShardIdentity;
  readonly target: ShardTarget;
  /** The entry of the newest snapshot that holds the shard, as long as it can serve as base. */
  base: ShardEntry | undefined;
  /** Uuid of the snapshot that holds the base. */
  readonly holder: string | undefined;
  /** Whether the base's manifest can be shared unchanged. */
  unchanged: boolean;
  /** Whether the base is known to belong to the history that the shard has in this session. */
  proven: boolean;
}

function lookAt(
  info: ClusterInfo,
  index: IndexMetadata,
  shard: number,
  state: ShardState | undefined,
  bases: HeldShards,
): Look {
  const refusal = refusalOf(index);
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
  const bytesPerDocument = Math.max(
    LEAST_BYTES_PER_DOCUMENT,
    state.documents === 0 ? 0 : Math.ceil((state.storeBytes / state.documents) * JSON_PER_STORED_BYTE),
  );
  const held = bases.get(shardId(index.uuid, shard));
  const builds =
    held !== undefined && held.entry.historyUuid === state.historyUuid && state.maxSeqNo >= held.entry.maxSeqNo;
  return {
    kind: 'readable',
    index,
    state,
    identity,
    target: {
      index: index.name,
      shard,
      bytesPerDocument,
      primaryOnly: index.segmentReplication,
      ...(index.sourceRebuilt ? { sourceRebuilt: true } : {}),
      ...(index.resized || held?.entry.sharesNumbers === true ? { sharesNumbers: true } : {}),
    },
    base: builds ? held.entry : undefined,
    holder: held?.snapshotUuid,
    unchanged: held !== undefined && isUnchanged(held, state, identity),
    proven: builds && isSameSession(held.entry, state),
  };
}

/**
 * Proves the bases of shards that another process serves than when they were copied, by one small search each. If the
 * cluster does not show the process, proves every base. Drops a base of another history. A base that could not be
 * checked now is proven when the shard is copied.
 */
async function proveBases({ info, catalogue, cluster, signal }: PlanInputs, looks: readonly Look[]): Promise<void> {
  const doubtful = looks.filter(
    (look): look is Readable => look.kind === 'readable' && look.base !== undefined && !look.proven,
  );
  if (doubtful.length === 0) return;
  await cluster.refresh([...new Set(doubtful.map(({ index }) => index.name))], signal);
  const reader = cluster.readerOf(info);
  await inLanes(doubtful, PROOFS_AT_ONCE, async (look) => {
    const entry = look.base as ShardEntry;
    try {
      const manifest = await catalogue.readShardManifest(entry, { signal });
      const numbers = new SegmentNumbers(catalogue.store, { signal });
      const { same, unproven } = await proveHistory(reader, look.target, knownOf(manifest), numbers, signal);
      look.proven = unproven.length === 0;
      look.unchanged &&= look.proven && same;
    } catch (error) {
      if (!isSnapkeepError(error)) throw error;
      look.unchanged = false;
      if (BASE_IS_LOST.has(error.code)) look.base = undefined;
    }
  });
}

/** Errors after which nothing may be built on a base: another history, or a missing or damaged manifest. */
const BASE_IS_LOST: ReadonlySet<ErrorCode> = new Set(['shard_inconsistent', 'blob_missing', 'repository_corrupt']);
/** Searches of {@link proveBases} that run concurrently. */
const PROOFS_AT_ONCE = 8;

function planShard(look: Look): PlannedShard {
  if (look.kind === 'failed') return look;
  const { state, target, base, holder, identity } = look;
  if (base !== undefined && holder !== undefined && look.unchanged) {
    return { kind: 'unchanged', target, entry: { ...base, session: state.session }, holder };
  }
  // Operations since the base, but never more than there are documents.
  const documents = Math.min(
    state.documents,
    base === undefined ? state.documents : state.maxSeqNo - base.sealedThrough,
  );
  return {
    kind: 'changed',
    identity,
    target,
    base,
    holder: base === undefined ? undefined : holder,
    ...(look.proven || base === undefined ? { session: state.session } : {}),
    documents,
    bytes: documents * target.bytesPerDocument,
  };
}

/** Returns why the index can't be read so that it could be restored; undefined if it can. */
function refusalOf(index: IndexMetadata): string | undefined {
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
