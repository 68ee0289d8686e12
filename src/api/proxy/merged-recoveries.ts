/** The cluster's recoveries, in which indices that Snapkeep restores are shown as restored from a snapshot. */
import { type Request } from 'express';
import { answersOf } from '../../cluster/dialect/answers';
import { SnapkeepError } from '../../contracts/errors';
import { type JsonObject } from '../../elasticsearch/json-value';
import { isWildcard, selectNames, splitNames } from '../../elasticsearch/name-lists';
import { type Recovery } from '../../jobs/restores/recoveries';
import { type ClusterRecoveries, mergeRecoveries, type RecoveryOptions } from '../../jobs/restores/recovery-json';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { createdLater } from './index-creation';
import { type Upstream, type UpstreamAnswer } from './upstream';

interface RecoveryRequest extends Pick<RecoveryOptions, 'activeOnly' | 'detailed' | 'human'> {
  /** Names of indices, with commas between them; undefined: all. */
  readonly expression: string | undefined;
  /** Parameters for the cluster. */
  readonly query: ReadonlyMap<string, string>;
}

/** Returns `_recovery` of the indices as JSON, or the answer by which the cluster refused. */
export async function mergedRecoveries(
  request: Request,
  upstream: Upstream,
  { recoveries }: Pick<SnapshotService, 'recoveries'>,
  { expression, query, ...options }: RecoveryRequest,
): Promise<{ readonly json: JsonObject } | { readonly refused: UpstreamAnswer }> {
  const parts = splitNames(expression ?? '_all');
  const restores = wanted(await recoveries.all(), parts);
  const index = expression === undefined || parts.length === 0 ? '' : `/${parts.map(encodeURIComponent).join(',')}`;
  const parameters = new URLSearchParams([...query]).toString();
  let own = await upstream.ask(request, `${index}/_recovery${parameters === '' ? '' : `?${parameters}`}`);
  if (own.status === 404 && parts.some((part) => restores.some((one) => one.index.target === part))) {
    // The cluster does not know an index that its restore has not created yet, but Snapkeep does.
    own = await askLeniently(request, upstream, parts, restores, own);
  }
  if (own.status !== 200) return { refused: own };
  const cluster = parse(own);
  const { tellsBytesFromSnapshots, tellsRemoteStores } = answersOf(await upstream.kindFor(request));
  const json = mergeRecoveries(
    cluster,
    await stillThere(request, upstream, cluster, restores),
    { ...options, tellsBytesFromSnapshots, tellsRemoteStores },
    Date.now(),
  );
  return { json };
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

function parse(own: UpstreamAnswer): ClusterRecoveries {
  try {
    return JSON.parse(own.body.toString('utf8')) as ClusterRecoveries;
  } catch (cause) {
    throw new SnapkeepError('cluster_unavailable', 'the cluster answered [_recovery] with something that is not JSON', {
      cause,
    });
  }
}
