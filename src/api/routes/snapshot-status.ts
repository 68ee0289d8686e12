import { type IRouter, type RequestHandler } from 'express';
import { splitNames } from '../../elasticsearch/name-lists';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { isSwitchedOn } from '../http/query';
import { answer } from '../http/send-answer';
import { withNodes } from '../proxy/shard-nodes';
import { type Upstream } from '../proxy/upstream';
import { SNAPSHOT_STATUS } from '../requests/snapshot-status';

interface StatusPath {
  readonly repository?: string;
  readonly snapshot?: string;
  readonly index?: string;
}

/** Adds the `_status` routes for running and finished snapshots. */
export function snapshotStatusRoutes(
  router: IRouter,
  { statuses }: Pick<SnapshotService, 'statuses'>,
  upstream: Upstream,
): void {
  const show: RequestHandler = async (request, response) => {
    const { ignoreUnavailable } = readParameters(request, SNAPSHOT_STATUS.parameters);
    const { repository, snapshot, index } = request.params as StatusPath;
    const json = await statuses.show({
      repositories: splitNames(repository ?? '_all'),
      snapshots: snapshot === undefined ? undefined : splitNames(snapshot),
      indices: index === undefined ? undefined : splitNames(index),
      ignoreUnavailable,
      human: isSwitchedOn(request, 'human'),
    });
    answer(request, response, 200, await withNodes(request, upstream, json));
  };
  router.get(
    [
      '/_snapshot/_status',
      '/_snapshot/:repository/_status',
      '/_snapshot/:repository/:snapshot/_status',
      '/_snapshot/:repository/:snapshot/:index/_status',
    ],
    show,
  );
}
