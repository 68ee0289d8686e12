/** Small operations on one index, one request each. */
import { SnapkeepError } from '../../contracts/errors';
import { shardFailure } from '../http/cluster-failures';
import { type ClusterHttp, type ClusterRequest } from '../http/cluster-http';
import { indexSegment } from '../http/index-path';

/** Returns whether an index of this name exists, open or closed. Aliases do not count. */
export async function indexExists(
  http: { request(request: ClusterRequest): Promise<{ readonly status: number }> },
  name: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { status } = await http.request({
    method: 'HEAD',
    path: `/${indexSegment(name)}`,
    accept: (code) => code < 400 || code === 404,
    signal,
  });
  return status !== 404;
}

/** Returns whether `alias` is an alias of `index`. */
export async function aliasPointsTo(
  http: ClusterHttp,
  alias: string,
  index: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const { status } = await http.request({
    method: 'HEAD',
    path: `/${indexSegment(index)}/_alias/${indexSegment(alias)}`,
    accept: (code) => code < 400 || code === 404,
    signal,
  });
  return status !== 404;
}

/** Returns the uuid of the index of this name, open or closed; undefined if there is none. */
export async function indexUuid(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<string | undefined> {
  const { status, body } = await http.request({
    method: 'GET',
    path: `/${indexSegment(name)}/_settings/index.uuid`,
    query: { flat_settings: true },
    accept: (code) => code < 400 || code === 404,
    signal,
  });
  if (status === 404) return undefined;
  const answer = JSON.parse(body.toString('utf8')) as Record<
    string,
    { settings?: Record<string, unknown> } | undefined
  >;
  const uuid = answer[name]?.settings?.['index.uuid'];
  return typeof uuid === 'string' ? uuid : undefined;
}

/**
 * Creates `target` as an exact copy of the write-blocked index `source`, with `settings` and `aliases` (JSON) added.
 */
export async function cloneIndex(
  http: ClusterHttp,
  source: string,
  target: string,
  { settings, aliases }: { readonly settings: string; readonly aliases: string },
  signal?: AbortSignal,
): Promise<void> {
  await http.request({
    method: 'POST',
    path: `/${indexSegment(source)}/_clone/${indexSegment(target)}`,
    query: { wait_for_active_shards: 0 },
    body: `{"settings":${settings},"aliases":${aliases}}`,
    headersTimeout: 60_000,
    signal,
  });
}

/** Deletes an index. Throws `index_not_found_exception` when it is missing. */
export async function deleteIndex(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<void> {
  await http.request({ method: 'DELETE', path: `/${indexSegment(name)}`, signal });
}

/** Deletes an index; a missing index is not an error. */
export async function deleteIndexIfThere(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<void> {
  await http.request({
    method: 'DELETE',
    path: `/${indexSegment(name)}`,
    accept: (code) => code < 400 || code === 404,
    signal,
  });
}

/** Changes settings of an index; `settings` is JSON text. */
export async function putSettings(
  http: ClusterHttp,
  name: string,
  settings: string,
  signal?: AbortSignal,
): Promise<void> {
  await http.request({ method: 'PUT', path: `/${indexSegment(name)}/_settings`, body: settings, signal });
}

/** Applies all alias actions (raw JSON text each) atomically. */
export async function updateAliases(
  http: ClusterHttp,
  actions: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  if (actions.length === 0) return;
  await http.request({ method: 'POST', path: '/_aliases', body: `{"actions":[${actions.join(',')}]}`, signal });
}

/** Returns the number of documents that a search of the index finds. Nested documents count by their roots. */
export async function countDocuments(http: ClusterHttp, name: string, signal?: AbortSignal): Promise<number> {
  const path = `/${indexSegment(name)}/_count`;
  const { count, _shards: shards } = await http.json<{
    count?: number;
    _shards?: { total?: number; successful?: number; failed?: number; failures?: unknown[] };
  }>({ method: 'GET', path, signal });
  if (shards?.failed !== 0) throw shardFailure(`GET ${path}`, shards?.failures?.[0]);
  if (count === undefined || shards.successful !== shards.total) {
    throw new SnapkeepError('cluster_unavailable', `not all shards of [${name}] could be counted`, {
      details: { index: name },
    });
  }
  return count;
}
