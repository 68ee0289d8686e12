import { type IRouter } from 'express';
import { type SnapshotService } from '../../jobs/service';
import { Parameters } from '../http/parameters';
import { answer } from '../http/send-answer';

/** Running jobs and those that ended lately, for people. */
export function jobRoutes(router: IRouter, { jobs }: Pick<SnapshotService, 'jobs'>): void {
  router.get('/_snapkeep/jobs', async (request, response) => {
    Parameters.of(request, []);
    answer(request, response, 200, await jobs.list());
  });
  // An id has slashes in it; it may come percent-encoded or as it is.
  router.get('/_snapkeep/jobs/*id', async (request, response) => {
    Parameters.of(request, []);
    const parts = (request.params as unknown as { id: string[] }).id;
    answer(request, response, 200, await jobs.one(parts.join('/')));
  });
}
