import { type IRouter, type Request } from 'express';
import { indexExists } from '../../cluster/writing/index-operations';
import { isSnapkeepError } from '../../contracts/errors';
import { isWildcard, selectNames, splitNames } from '../../elasticsearch/name-lists';
import { type Recovery } from '../../jobs/restores/recoveries';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { answer } from '../http/send-answer';
import { type Auth } from '../proxy/auth';
import { answerAsCluster } from '../proxy/own-answers';
import { relay, type Upstream, type UpstreamAnswer } from '../proxy/upstream';

/**
 * Adds `DELETE /{index}` for indices that are being restored. Deleting such an index would break its restore, so the
 * restore is stopped and deletes what it wrote. All other indices are left to the cluster.
 */
export function deleteIndexRoutes(
  router: IRouter,
  { recoveries }: Pick<SnapshotService, 'recoveries'>,
  upstream: Upstream,
  auth: Auth,
): void {
  router.delete('/:index', async (request, response, next) => {
    const expression = request.params.index;
    const parts = splitNames(expression);
    if (/^_(?!all\b)/.test(expression) || parts.length === 0) {
      next();
      return;
    }
    let restoring = await found(recoveries, parts);
    if (restoring.length === 0 || (parts.some(isWildcard) && (await needsNames(request, upstream)))) {
      next();
      return;
    }
    if (auth === 'cluster') {
      const asked = await deletedByCaller(request, upstream, parts, restoring);
      if (asked.refused !== undefined) {
        relay(response, asked.refused);
        return;
      }
      restoring = asked.deleted;
      if (restoring.length === 0) {
        next();
        return;
      }
    }
    await Promise.all(restoring.map((recovery) => recoveries.stop(recovery)));
    const stopped = new Set(restoring.map(({ index }) => index.target));
    const rest = await Promise.all(
      parts.map(async (part) => !stopped.has(part) || (await exists(request, upstream, part))),
    );
    const left = parts.filter((_, i) => rest[i]);
    if (left.length === 0) {
      await answerAsCluster(request, response, upstream);
      answer(request, response, 200, { acknowledged: true });
      return;
    }
    const query = request.originalUrl.includes('?') ? request.originalUrl.slice(request.originalUrl.indexOf('?')) : '';
    await upstream.pass(request, response, `/${left.map(encodeURIComponent).join(',')}${query}`);
  });
}

/** Returns the restores whose indices the expression names. */
async function found(recoveries: SnapshotService['recoveries'], parts: readonly string[]): Promise<Recovery[]> {
  let running: Recovery[];
  try {
    running = await recoveries.running();
  } catch (error) {
    // Deleting an index must not depend on Snapkeep's workers. A restore whose index is deleted notices it and ends.
    if (isSnapkeepError(error, 'worker_unavailable') || isSnapkeepError(error, 'temporal_unavailable')) return [];
    throw error;
  }
  const { selected } = selectNames(
    parts,
    running.map(({ index }) => index.target),
  );
  return running.filter(({ index }) => selected.includes(index.target));
}

/**
 * Deletes the indices with the caller's credentials, so that the cluster decides whether the caller may. A restore
 * whose index is deleted writes nothing more. The cluster answers 404 for an index that its restore has not created
 * yet, and only to callers who may delete it. If only a wildcard names an index that the caller may not delete, the
 * index is skipped, as the cluster does.
 */
async function deletedByCaller(
  request: Request,
  upstream: Upstream,
  parts: readonly string[],
  restoring: readonly Recovery[],
): Promise<{ readonly deleted: Recovery[]; readonly refused?: UpstreamAnswer }> {
  const deleted: Recovery[] = [];
  for (const recovery of restoring) {
    const { target } = recovery.index;
    const answered = await upstream.ask(request, `/${encodeURIComponent(target)}`, { method: 'DELETE' });
    if (answered.status < 300 || answered.status === 404) deleted.push(recovery);
    else if (answered.status !== 403 || parts.includes(target)) return { deleted, refused: answered };
  }
  return { deleted };
}

/** Returns whether the cluster refuses to delete by wildcard. If it does, no restore may be stopped either. */
async function needsNames(request: Request, upstream: Upstream): Promise<boolean> {
  const { status, body } = await upstream.ask(request, '/_cluster/settings?include_defaults=true&flat_settings=true');
  if (status !== 200) return false;
  const settings = JSON.parse(body.toString('utf8')) as Record<string, Record<string, unknown> | undefined>;
  const name = 'action.destructive_requires_name';
  const value = settings.transient?.[name] ?? settings.persistent?.[name] ?? settings.defaults?.[name];
  return value === 'true' || value === true;
}

/** Returns whether an index exists: a restore that ended before it could be stopped has left one. */
function exists(request: Request, upstream: Upstream, index: string): Promise<boolean> {
  return indexExists({ request: ({ path }) => upstream.ask(request, path) }, index);
}
