import { type ClusterKind } from '../dialect/dialect';
import { type PointInTime, POINTS_IN_TIME } from '../dialect/point-in-time';
import { complaintIn, responseFailure } from '../http/cluster-failures';
import { type ClusterHttp, type ClusterResponse } from '../http/cluster-http';

/** The facts that a cluster states about itself. */
export interface ClusterInfo extends ClusterKind {
  readonly product: 'elasticsearch' | 'opensearch';
  readonly name: string;
  readonly uuid: string;
}

/**
 * Reads product, version and names of the cluster. Points in time are probed and not derived from the version, because
 * Elasticsearch 7.10.2 without x-pack has none and some OpenSearch services call themselves 7.10.2.
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

/** No index has this name; if somebody creates one, the probe opens a view of it for a second. */
const PROBED_INDEX = 'snapkeep-does-not-exist';

async function probePointInTime(http: ClusterHttp, signal: AbortSignal | undefined): Promise<PointInTime> {
  for (const kind of ['elasticsearch', 'opensearch'] as const) {
    const { path } = POINTS_IN_TIME[kind].open(PROBED_INDEX);
    const response = await http.request({
      method: 'POST',
      path,
      // Without a body, because a cluster without points in time would create a document from it.
      query: { keep_alive: '1s' },
      signal,
      accept: (status) => status !== 429 && status < 500,
    });
    if (knowsPointInTime(path, response)) return kind;
  }
  return 'none';
}

/**
 * Returns whether the answer is that of a cluster which knows the request: it misses the index or refuses the caller.
 * Other clusters answer 400 or 405.
 */
function knowsPointInTime(path: string, response: ClusterResponse): boolean {
  if (response.status === 200 || response.status === 401 || response.status === 403) return true;
  if (response.status !== 404) return false;
  return complaintIn(responseFailure(`POST ${path}`, 404, response.body))?.type === 'index_not_found_exception';
}
