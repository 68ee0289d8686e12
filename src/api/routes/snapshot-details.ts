import { type IRouter } from 'express';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { answer } from '../http/send-answer';
import { SHOW_SNAPSHOT } from '../requests/snapkeep';

/** Adds the route that shows what `GET /_snapshot` has no field for. */
export function snapshotDetailRoutes(router: IRouter, { details }: Pick<SnapshotService, 'details'>): void {
  router.get('/_snapkeep/snapshots/:repository/:snapshot', async (request, response) => {
    readParameters(request, SHOW_SNAPSHOT.parameters);
    const { repository, snapshot } = request.params;
    answer(request, response, 200, await details.show(repository, snapshot));
  });
}
