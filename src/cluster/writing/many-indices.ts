/** Operations on several indices in one request each: a request per index costs a cluster more than the work itself. */
import { type ClusterHttp } from '../http/cluster-http';
import { indexSegment, joinSegments } from '../http/index-path';

/** An index that is written through an alias of its own. */
export interface AliasedIndex {
  readonly target: string;
  readonly alias: string;
}

/** Long, because a busy master answers slowly. */
const TIMEOUT_MS = 60_000;
/** Enough for the mappings and aliases of some hundred indices. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Returns the uuids of those indices that have their alias, by name. Missing indices are left out. */
export async function uuidsBehind(
  http: ClusterHttp,
  indices: readonly AliasedIndex[],
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const aliases = new Map(indices.map(({ target, alias }) => [target, alias]));
  const uuids = new Map<string, string>();
  for (const path of joinSegments(indices.map(({ alias }) => indexSegment(alias)))) {
    const { status, body } = await http.request({
      method: 'GET',
      path: `/${path}`,
      query: { ignore_unavailable: true, filter_path: '*.aliases,*.settings.index.uuid' },
      accept: (code) => code < 400 || code === 404,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
    if (status === 404) continue;
    const answer = JSON.parse(body.toString('utf8')) as Record<string, Found>;
    for (const [name, { aliases: found = {}, settings }] of Object.entries(answer)) {
      const uuid = settings?.index?.uuid;
      if (uuid !== undefined && Object.hasOwn(found, aliases.get(name) ?? '')) uuids.set(name, uuid);
    }
  }
  return uuids;
}

interface Found {
  readonly aliases?: Readonly<Record<string, unknown>>;
  readonly settings?: { readonly index?: { readonly uuid?: string } };
}

/**
 * Returns those of the indices of which all primaries are active. Waits a moment for primaries that start. The status
 * does not tell: an index whose primaries start for the first time is yellow.
 */
export async function activeIndices(
  http: ClusterHttp,
  indices: readonly string[],
  signal?: AbortSignal,
): Promise<Set<string>> {
  const active = new Set<string>();
  for (const path of joinSegments(indices.map(indexSegment))) {
    const { indices: found = {} } = await http.json<{ indices?: Record<string, Health> }>({
      method: 'GET',
      path: `/_cluster/health/${path}`,
      query: { level: 'indices', wait_for_no_initializing_shards: true, wait_for_status: 'yellow', timeout: '2s' },
      accept: (status) => status < 400 || status === 408,
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    });
    for (const [name, { number_of_shards: shards, active_primary_shards: primaries }] of Object.entries(found)) {
      if (primaries === shards) active.add(name);
    }
  }
  return active;
}

interface Health {
  readonly number_of_shards: number;
  readonly active_primary_shards: number;
}

/** Changes the same settings of several indices; `settings` is JSON text. */
export async function putSharedSettings(
  http: ClusterHttp,
  indices: readonly string[],
  settings: string,
  signal?: AbortSignal,
): Promise<void> {
  for (const path of joinSegments(indices.map(indexSegment))) {
    await http.request({
      method: 'PUT',
      path: `/${path}/_settings`,
      body: settings,
      headersTimeout: TIMEOUT_MS,
      signal,
    });
  }
}
