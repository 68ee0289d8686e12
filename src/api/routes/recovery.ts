import { type IRouter, type Request, type RequestHandler } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { isWildcard, selectNames, splitNames } from '../../elasticsearch/name-lists';
import { type Recovery } from '../../jobs/restores/recoveries';
import { type ClusterRecoveries, mergeRecoveries } from '../../jobs/restores/recovery-json';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { isSwitchedOn, queryOf } from '../http/query';
import { answer } from '../http/send-answer';
import { createdLater } from '../proxy/index-creation';
import { relay, type Upstream, type UpstreamAnswer } from '../proxy/upstream';
import { RECOVERY } from '../requests/recovery';

/**
 * Adds `_recovery`: the cluster's answer, in which indices that Snapkeep restores are shown as restored from a
 * snapshot.
 */
export function recoveryRoutes(
  router: IRouter,
  { recoveries }: Pick<SnapshotService, 'recoveries'>,
  upstream: Upstream,
): void {
  const show: RequestHandler = async (request, response, next) => {
    const expression = (request.params as { index?: string }).index;
    // In paths such as `/_cat/recovery` the first part is not an index.
    if (expression !== undefined && /^_(?!all$)/.test(expression)) {
      next();
      return;
    }
    const parameters = readParameters(request, RECOVERY.parameters);
    const parts = splitNames(expression ?? parameters.index ?? '_all');
    const restores = wanted(await recoveries.all(), parts);
    const query = clusterQuery(request.originalUrl);
    let own = await upstream.ask(request, request.path.replace(/\/+$/, '') + query);
    if (own.status === 404 && parts.some((part) => restores.some(({ index }) => index.target === part))) {
      // The cluster does not know an index that its restore has not created yet, but Snapkeep does.
      own = await askLeniently(request, upstream, parts, restores, own);
    }
    if (own.status !== 200) {
      relay(response, own);
      return;
    }
    const cluster = parse(own);
    const json = mergeRecoveries(
      cluster,
      await stillThere(request, upstream, cluster, restores),
      {
        activeOnly: parameters.activeOnly,
        detailed: parameters.detailed,
        human: isSwitchedOn(request, 'human'),
      },
      Date.now(),
    );
    answer(request, response, 200, json);
  };
  router.get(['/_recovery', '/:index/_recovery'], show);
}

/** Returns the restores that the request asks for, without those that failed or were cancelled and left no index. */
function wanted(all: readonly Recovery[], parts: readonly string[]): Recovery[] {
  const { selected } = selectNames(
    parts,
    all.map(({ index }) => index.target),
  );
  return all.filter(({ index }) => selected.includes(index.target) && !['FAILED', 'CANCELLED'].includes(index.state));
}

/** Returns the restores that run, and the ended ones whose index exists and was not created again later. */
async function stillThere(
  request: Request,
  upstream: Upstream,
  cluster: ClusterRecoveries,
  restores: readonly Recovery[],
): Promise<Recovery[]> {
  const ended = restores.filter(({ index }) => index.state === 'DONE' && Object.hasOwn(cluster, index.target));
  const recreated = await createdLater(
    request,
    upstream,
    ended.map(({ index }) => ({ index: index.target, millis: index.stopMillis ?? index.startMillis })),
  );
  return restores.filter(
    (one) => one.index.state !== 'DONE' || (ended.includes(one) && !recreated.has(one.index.target)),
  );
}

const NOTHING: UpstreamAnswer = { status: 200, headers: new Map(), body: Buffer.from('{}') };

/**
 * Asks again after a 404 for a restored index. Without the restored indices, every other name must exist unless it is a
 * wildcard. Returns `refused` when one of them does not.
 */
async function askLeniently(
  request: Request,
  upstream: Upstream,
  parts: readonly string[],
  restores: readonly Recovery[],
  refused: UpstreamAnswer,
): Promise<UpstreamAnswer> {
  const others = parts.filter((part) => !restores.some(({ index }) => index.target === part));
  if (others.length === 0) {
    const existing = await upstream.ask(
      request,
      `/${parts.map(encodeURIComponent).join(',')}/_recovery?ignore_unavailable=true`,
    );
    return existing.status === 200 ? existing : NOTHING;
  }
  if (others.every(isWildcard)) return NOTHING;
  const answered = await upstream.ask(request, `/${others.map(encodeURIComponent).join(',')}/_recovery`);
  return answered.status === 200 ? answered : refused;
}

/** Returns the query for the cluster: every recovery is needed to find the copies of a restored index, unformatted. */
function clusterQuery(originalUrl: string): string {
  const query = queryOf({ originalUrl });
  for (const name of ['active_only', 'pretty', 'filter_path', 'format']) query.delete(name);
  const text = new URLSearchParams([...query]).toString();
  return text === '' ? '' : `?${text}`;
}

function parse(own: UpstreamAnswer): ClusterRecoveries {
  try {
    return JSON.parse(own.body.toString('utf8')) as ClusterRecoveries;
  } catch (cause) {
    throw new SnapkeepError('cluster_unavailable', 'the cluster answered [_recovery] with something that is not JSON', {
      cause,
    });
  }
}
