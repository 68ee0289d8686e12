import { complaintIn, responseFailure } from '../http/cluster-failures';
import { type ClusterHttp, type ClusterResponse } from '../http/cluster-http';

/** How a view of one moment is opened. */
export type PointInTime = 'elasticsearch' | 'opensearch' | 'none';

/** What decides how a cluster is asked for documents. */
export interface ClusterKind {
  /** `elasticsearch` or `opensearch`. */
  readonly product: string;
  /** `8.19.0`. */
  readonly version: string;
  readonly pit: PointInTime;
}

/** What is known of the cluster behind an address. */
export interface ClusterInfo extends ClusterKind {
  readonly product: 'elasticsearch' | 'opensearch';
  readonly name: string;
  readonly uuid: string;
}

/**
 * Asks the cluster what it is. Points in time are tried, not derived from the version: Elasticsearch 7.10.2 without
 * x-pack has none, and some OpenSearch services call themselves 7.10.2.
 */
export async function readClusterInfo(http: ClusterHttp, signal?: AbortSignal): Promise<ClusterInfo> {
  const [root, pit] = await Promise.all([
    http.json<{
      cluster_name?: string;
      cluster_uuid?: string;
      version?: { number?: string; distribution?: string };
    }>({ method: 'GET', path: '/', signal }),
    probePointInTime(http, signal),
  ]);
  return {
    product: root.version?.distribution === 'opensearch' ? 'opensearch' : 'elasticsearch',
    version: root.version?.number ?? '0.0.0',
    name: root.cluster_name ?? '',
    uuid: root.cluster_uuid ?? '',
    pit,
  };
}

/** Whether `version` is at least `major.minor`. */
export function versionAtLeast(version: string, major: number, minor: number): boolean {
  const [a, b] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return a > major || (a === major && b >= minor);
}

/** Path that opens a point in time of `index` (encoded). */
export function pointInTimePath(kind: Exclude<PointInTime, 'none'>, index: string): string {
  return kind === 'elasticsearch' ? `/${index}/_pit` : `/${index}/_search/point_in_time`;
}

/** No index has this name; should somebody create it, the probe opens a view of it for a second. */
const PROBED_INDEX = 'snapkeep-does-not-exist';

async function probePointInTime(http: ClusterHttp, signal: AbortSignal | undefined): Promise<PointInTime> {
  for (const kind of ['elasticsearch', 'opensearch'] as const) {
    const path = pointInTimePath(kind, PROBED_INDEX);
    const response = await http.request({
      method: 'POST',
      path,
      // Without a body: where there are no points in time, the same path would create a document from one.
      query: { keep_alive: '1s' },
      signal,
      accept: (status) => status !== 429 && status < 500,
    });
    if (knowsPointInTime(path, response)) return kind;
  }
  return 'none';
}

/** A cluster that knows the request misses the index, or refuses the caller; others know no such path (400, 405). */
function knowsPointInTime(path: string, response: ClusterResponse): boolean {
  if (response.status === 200 || response.status === 401 || response.status === 403) return true;
  if (response.status !== 404) return false;
  return complaintIn(responseFailure(`POST ${path}`, 404, response.body))?.type === 'index_not_found_exception';
}
