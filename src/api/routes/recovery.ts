import { type IRouter, type RequestHandler } from 'express';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { isSwitchedOn, queryOf } from '../http/query';
import { answer } from '../http/send-answer';
import { mergedRecoveries } from '../proxy/merged-recoveries';
import { relay, type Upstream } from '../proxy/upstream';
import { RECOVERY } from '../requests/recovery';

/**
 * Adds `_recovery`: the cluster's answer, in which indices that Snapkeep restores are shown as restored from a
 * snapshot.
 */
export function recoveryRoutes(
  router: IRouter,
  service: Pick<SnapshotService, 'recoveries'>,
  upstream: Upstream,
): void {
  const show: RequestHandler = async (request, response, next) => {
    const expression = (request.params as { index?: string }).index;
    // In paths such as `/_cat/recovery` the first part is not an index. Other methods are refused by the cluster.
    if (request.method !== 'GET' || (expression !== undefined && /^_(?!all$)/.test(expression))) {
      next();
      return;
    }
    const { activeOnly, detailed, index } = readParameters(request, RECOVERY.parameters);
    const found = await mergedRecoveries(request, upstream, service, {
      expression: expression ?? index,
      query: clusterQuery(request.originalUrl),
      activeOnly,
      detailed,
      human: isSwitchedOn(request, 'human'),
    });
    if ('refused' in found) relay(response, found.refused);
    else answer(request, response, 200, found.json);
  };
  router.get(['/_recovery', '/:index/_recovery'], show);
}

/** Returns the query for the cluster: every recovery is needed to find the copies of a restored index, unformatted. */
function clusterQuery(originalUrl: string): ReadonlyMap<string, string> {
  const query = queryOf({ originalUrl });
  for (const name of ['active_only', 'pretty', 'filter_path', 'format', 'index']) query.delete(name);
  return query;
}
