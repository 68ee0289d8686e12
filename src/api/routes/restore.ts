import { type IRouter } from 'express';
import { type SnapshotService } from '../../jobs/service';
import { illegal } from '../fields/body-fields';
import { parseRestoreBody } from '../fields/restore-body';
import { JsonBody } from '../http/body';
import { Parameters } from '../http/parameters';
import { untilClosed } from '../http/request-signal';
import { answer } from '../http/send-answer';

/** Restoring a snapshot. */
export function restoreRoutes(router: IRouter, { restores }: Pick<SnapshotService, 'restores'>): void {
  router.post('/_snapshot/:repository/:snapshot/_restore', async (request, response) => {
    const parameters = Parameters.of(request, ['wait_for_completion', 'restore_over_open_index']);
    if (parameters.boolean('restore_over_open_index', false)) {
      throw illegal(
        '[restore_over_open_index] is not supported yet: delete the index, or restore it under another name',
      );
    }
    const wait = parameters.boolean('wait_for_completion', false);
    const body = await JsonBody.read(request);
    const { repository, snapshot } = request.params;
    const started = await restores.start({ repository, snapshot, request: parseRestoreBody(body) });
    const json = wait ? await started.finished(untilClosed(response)) : { accepted: true };
    answer(request, response, 200, json);
  });
}
