import { inLanes } from '../../concurrency/lanes';
import { shardFailure } from '../http/cluster-failures';
import { type ClusterHttp } from '../http/cluster-http';
import { indexSegment, joinSegments } from '../http/index-path';
import { type ShardState } from './document-reader';

interface ShardCopy {
  readonly routing?: { readonly state?: string; readonly primary?: boolean; readonly node?: string };
  readonly docs?: { readonly count?: number };
  readonly store?: { readonly size_in_bytes?: number };
  readonly commit?: { readonly user_data?: { readonly history_uuid?: string; readonly translog_uuid?: string } };
  readonly seq_no?: { readonly max_seq_no?: number; readonly global_checkpoint?: number };
}

interface Stats {
  readonly indices?: Record<string, { readonly shards?: Record<string, readonly ShardCopy[]> }>;
}

const FIELDS = ['routing.state', 'routing.primary', 'routing.node', 'docs.count', 'store.size_in_bytes'];
const COMMIT_FIELDS = ['commit.user_data.history_uuid', 'commit.user_data.translog_uuid'];
const SEQ_NO_FIELDS = ['seq_no.max_seq_no', 'seq_no.global_checkpoint'];
const FILTER = [...FIELDS, ...COMMIT_FIELDS, ...SEQ_NO_FIELDS].map((field) => `indices.*.shards.*.${field}`).join(',');

/** Enough for the statistics of several hundred thousand shards. */
const MAX_STATS_BYTES = 512 * 1024 * 1024;
/** Concurrent requests if the names fill more than one request line. */
const REQUESTS_AT_ONCE = 4;

/**
 * Reads the state of each shard. Shards without an allocated primary and shards of deleted indices are missing from the
 * result. Read the states before a refresh: then all operations up to a global checkpoint are visible to later
 * searches.
 *
 * Sessions are read after the rest. If a session is still that of an earlier call, the same process served this call.
 */
export async function readShardStates(
  http: ClusterHttp,
  indices: readonly string[],
  signal?: AbortSignal,
): Promise<ShardState[]> {
  if (indices.length === 0) return [];
  const answers: Stats[] = [];
  await inLanes(joinSegments(indices.map(indexSegment)), REQUESTS_AT_ONCE, async (path) => {
    const { body } = await http.request({
      method: 'GET',
      path: `/${path}/_stats/docs,store`,
      query: { level: 'shards', ignore_unavailable: true, forbid_closed_indices: false, filter_path: FILTER },
      maxBytes: MAX_STATS_BYTES,
      signal,
    });
    answers.push(JSON.parse(body.toString('utf8')) as Stats);
  });
  const processes = await readProcesses(http, signal);
  return answers.flatMap((stats) => statesOf(stats, processes));
}

/**
 * Reads the ephemeral id of each node, which changes with every start of its process. The result is empty if the
 * cluster refuses the request, as managed services can.
 */
async function readProcesses(http: ClusterHttp, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const { status, body } = await http.request({
    method: 'GET',
    path: '/_cluster/state/nodes',
    query: { filter_path: 'nodes.*.ephemeral_id' },
    accept: () => true,
    signal,
  });
  const nodes = status < 400 ? nodesIn(body) : {};
  return new Map(
    Object.entries(nodes).flatMap(([id, { ephemeral_id: process }]) =>
      typeof process === 'string' ? [[id, process] as const] : [],
    ),
  );
}

function nodesIn(body: Buffer): Record<string, { ephemeral_id?: unknown }> {
  try {
    return (JSON.parse(body.toString('utf8')) as { nodes?: Record<string, { ephemeral_id?: unknown }> }).nodes ?? {};
  } catch {
    return {}; // the answer of a proxy
  }
}

/** Converts an answer of `_stats` to states; `processes` holds ephemeral ids by node. */
export function statesOf(stats: Stats, processes: ReadonlyMap<string, string> = new Map()): ShardState[] {
  const states: ShardState[] = [];
  for (const [index, { shards }] of Object.entries(stats.indices ?? {})) {
    for (const [shard, copies] of Object.entries(shards ?? {})) {
      const primary = copies.find((copy) => copy.routing?.primary === true && isServing(copy));
      const historyUuid = primary?.commit?.user_data?.history_uuid;
      const maxSeqNo = primary?.seq_no?.max_seq_no;
      if (primary === undefined || historyUuid === undefined || maxSeqNo === undefined) continue;
      const checkpoints = copies.filter(isServing).map((copy) => copy.seq_no?.global_checkpoint ?? -1);
      states.push({
        index,
        shard: Number(shard),
        historyUuid,
        maxSeqNo,
        // A copy reports -2 while it does not know the checkpoint.
        globalCheckpoint: Math.max(-1, Math.min(...checkpoints)),
        documents: primary.docs?.count ?? 0,
        storeBytes: primary.store?.size_in_bytes ?? 0,
        session: sessionOf(primary, processes),
      });
    }
  }
  return states;
}

/** Returns the session of a copy. A shard that returns to a node has a new translog, even in the same process. */
function sessionOf({ routing, commit }: ShardCopy, processes: ReadonlyMap<string, string>): string | undefined {
  const process = processes.get(routing?.node ?? '');
  const translog = commit?.user_data?.translog_uuid;
  return process === undefined || translog === undefined ? undefined : `${process}/${translog}`;
}

/** Returns whether searches can use the copy. A copy that is being built does not count. */
function isServing(copy: ShardCopy): boolean {
  return copy.routing?.state === 'STARTED' || copy.routing?.state === 'RELOCATING';
}

/**
 * Makes all operations so far visible to searches, on every copy. Deleted indices are ignored. Throws when a copy could
 * not refresh.
 */
export async function refreshIndices(
  http: ClusterHttp,
  indices: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  await inLanes(joinSegments(indices.map(indexSegment)), REQUESTS_AT_ONCE, async (path) => {
    const { _shards: shards } = await http.json<{ _shards?: { failed?: number; failures?: unknown[] } }>({
      method: 'POST',
      path: `/${path}/_refresh`,
      query: { ignore_unavailable: true, filter_path: '_shards.failed,_shards.failures' },
      signal,
    });
    if (shards?.failed !== 0) throw shardFailure(`POST /${path}/_refresh`, shards?.failures?.[0]);
  });
}
