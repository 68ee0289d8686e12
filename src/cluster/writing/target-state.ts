/**
 * Reads the state of a cluster that decides whether a restore into it can succeed. If the cluster does not know or does
 * not allow a request, its answer is left out and the restore itself shows whether it works.
 */
import { readDataStreams } from '../facts/data-streams';
import { complaintIn } from '../http/cluster-failures';
import { type ClusterHttp } from '../http/cluster-http';
import { isAnswer } from '../http/is-answer';
import { activeIndices } from './many-indices';

/** The state of a cluster before a restore. */
export interface TargetState {
  /** Indices, open, closed or hidden, each with its aliases. */
  readonly indices: ReadonlyMap<string, readonly string[]>;
  readonly aliases: ReadonlySet<string>;
  readonly dataStreams: ReadonlySet<string>;
  /** The reason why no index can be created, such as `cluster read-only (api)`; unset if there is none. */
  readonly block?: string;
  /** Number of shards that can be added; unset if unknown. */
  readonly room?: { readonly shards: number; readonly open: number; readonly limit: number };
}

/** Enough for the names of ten thousand indices and their aliases. */
const MAX_NAMES_BYTES = 256 * 1024 * 1024;

/** Reads the state of the cluster by concurrent requests. Throws when the cluster cannot answer now. */
export async function readTargetState(http: ClusterHttp, signal?: AbortSignal): Promise<TargetState> {
  const [indices, dataStreams, block, room] = await Promise.all([
    readIndices(http, signal),
    readDataStreams(http, signal),
    readBlock(http, signal),
    readRoom(http, signal),
  ]);
  const streams = new Set(dataStreams.map(({ name }) => name));
  return { indices, aliases: new Set([...indices.values()].flat()), dataStreams: streams, block, room };
}

async function readIndices(http: ClusterHttp, signal?: AbortSignal): Promise<Map<string, string[]>> {
  const answer = await http.json<Record<string, { aliases?: Record<string, unknown> }>>({
    method: 'GET',
    path: '/_alias',
    query: { expand_wildcards: 'all' },
    maxBytes: MAX_NAMES_BYTES,
    signal,
  });
  return new Map(Object.entries(answer).map(([name, { aliases }]) => [name, Object.keys(aliases ?? {})]));
}

async function readBlock(http: ClusterHttp, signal?: AbortSignal): Promise<string | undefined> {
  const answer = await asked<{
    blocks?: { global?: Record<string, { description?: string; retryable?: boolean; levels?: string[] }> };
  }>(http, '/_cluster/state/blocks', {}, signal);
  const blocks = Object.values(answer?.blocks?.global ?? {});
  const forbids = ({ retryable, levels = [] }: (typeof blocks)[number]): boolean =>
    retryable !== true && (levels.includes('metadata_write') || levels.includes('create_index'));
  return blocks.filter(forbids).map(({ description }) => description ?? 'a cluster block')[0];
}

async function readRoom(http: ClusterHttp, signal?: AbortSignal): Promise<TargetState['room']> {
  const [settings, health] = await Promise.all([
    asked<Record<string, { cluster?: { max_shards_per_node?: unknown } } | undefined>>(
      http,
      '/_cluster/settings',
      { include_defaults: true, filter_path: '*.cluster.max_shards_per_node' },
      signal,
    ),
    asked<Record<string, unknown>>(http, '/_cluster/health', {}, signal),
  ]);
  const named = (where: string): unknown => settings?.[where]?.cluster?.max_shards_per_node;
  const perNode = Number(named('transient') ?? named('persistent') ?? named('defaults'));
  const count = (name: string): number => Number(health?.[name]);
  const open = count('active_shards') + count('unassigned_shards') + count('initializing_shards');
  const limit = perNode * count('number_of_data_nodes');
  return Number.isFinite(limit) && Number.isFinite(open) && limit > 0
    ? { shards: limit - open, open, limit }
    : undefined;
}

/** Returns whether the cluster has an ingest pipeline of this name; undefined if the cluster does not say. */
export async function pipelineExists(
  http: ClusterHttp,
  name: string,
  signal?: AbortSignal,
): Promise<boolean | undefined> {
  const path = `/_ingest/pipeline/${encodeURIComponent(name)}`;
  const { status } = await http.request({ method: 'GET', path, accept: isAnswer, signal });
  return status === 200 ? true : status === 404 ? false : undefined;
}

/** Returns the patterns of all index templates, composable and legacy. An index that matches one gets its settings. */
export async function templatePatterns(http: ClusterHttp, signal?: AbortSignal): Promise<string[]> {
  const answer = await asked<{
    metadata?: {
      templates?: Record<string, { index_patterns?: string[] }>;
      index_template?: { index_template?: Record<string, { index_patterns?: string[] }> };
    };
  }>(
    http,
    '/_cluster/state/metadata',
    { filter_path: 'metadata.templates.*.index_patterns,metadata.index_template.index_template.*.index_patterns' },
    signal,
  );
  const { templates = {}, index_template: composable } = answer?.metadata ?? {};
  return [...Object.values(templates), ...Object.values(composable?.index_template ?? {})].flatMap(
    ({ index_patterns: patterns }) => patterns ?? [],
  );
}

/**
 * Returns the cluster's reason for refusing index settings. Returns undefined if the cluster accepts them, or if it
 * cannot be asked without creating something. Unknown settings count as accepted.
 */
export async function settingsProblem(
  http: ClusterHttp,
  settings: ReadonlyMap<string, unknown>,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const left = new Map(settings);
  const simulate = (all: Record<string, unknown>): Promise<unknown> =>
    http.request({
      method: 'POST',
      path: '/_index_template/_simulate',
      body: JSON.stringify({ index_patterns: [NO_INDEX], template: { settings: all } }),
      signal,
    });
  for (;;) {
    try {
      await simulate(Object.fromEntries(left));
      return undefined;
    } catch (error) {
      const complaint = complaintIn(error);
      // OpenSearch 2 answers 500 to a value that is no number.
      if (complaint?.status !== 400 && complaint?.type !== 'settings_exception') {
        if (complaint?.status !== undefined && complaint.status < 500) return undefined;
        throw error;
      }
      const unknown = [...complaint.reason.matchAll(/unknown setting \[([^\]]+)\]/g)].map(([, name]) => name!);
      const removed = unknown.filter((name) => left.delete(name));
      if (removed.length > 0) continue;
      // A cluster without this request also refuses empty settings.
      try {
        await simulate({});
      } catch {
        return undefined;
      }
      return /Validation Failed: 1: ([\s\S]*?);\]?$/.exec(complaint.reason)?.[1] ?? complaint.reason;
    }
  }
}

/** Returns why primaries of an index are not active, in the cluster's words; undefined if all are active. */
export async function waitingFor(http: ClusterHttp, index: string, signal?: AbortSignal): Promise<string | undefined> {
  if ((await activeIndices(http, [index], signal)).has(index)) return undefined;
  const explained = await http.request({
    method: 'POST',
    path: '/_cluster/allocation/explain',
    body: JSON.stringify({ index, shard: 0, primary: true }),
    accept: isAnswer,
    signal,
  });
  return `a primary shard of [${index}] is not active${explained.status === 200 ? reasonIn(explained.body) : ''}`;
}

function reasonIn(body: Buffer): string {
  const answer = JSON.parse(body.toString('utf8')) as {
    allocate_explanation?: string;
    node_allocation_decisions?: { node_name?: string; deciders?: { explanation?: string }[] }[];
  };
  const decisions = (answer.node_allocation_decisions ?? []).flatMap(({ deciders = [] }) =>
    deciders.map(({ explanation }) => explanation ?? ''),
  );
  return [answer.allocate_explanation ?? '', ...new Set(decisions)]
    .filter((text) => text !== '')
    .slice(0, 4)
    .map((text) => `; ${text}`)
    .join('');
}

const NO_INDEX = 'snapkeep-does-not-exist';

/** Returns the cluster's answer; undefined if it refuses the request. Throws when a retry can help. */
async function asked<T>(
  http: ClusterHttp,
  path: string,
  query: Record<string, string | boolean>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const { status, body } = await http.request({
    method: 'GET',
    path,
    query,
    accept: isAnswer,
    maxBytes: MAX_NAMES_BYTES,
    signal,
  });
  if (status !== 200) return undefined;
  try {
    return JSON.parse(body.toString('utf8')) as T;
  } catch {
    return undefined;
  }
}
