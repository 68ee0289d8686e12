import { type IRouter } from 'express';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { answer } from '../http/send-answer';
import { LIST_JOBS, SHOW_JOB } from '../requests/snapkeep';

/** Adds the routes that show running jobs and recently ended ones to people. */
export function jobRoutes(router: IRouter, { jobs }: Pick<SnapshotService, 'jobs'>): void {
  router.get('/_snapkeep/jobs', async (request, response) => {
    readParameters(request, LIST_JOBS.parameters);
    answer(request, response, 200, await jobs.list());
  });
  // An id contains slashes, which callers may or may not percent-encode.
  router.get('/_snapkeep/jobs/*id', async (request, response) => {
    readParameters(request, SHOW_JOB.parameters);
    const parts = (request.params as unknown as { id: string[] }).id;
    answer(request, response, 200, await jobs.one(parts.join('/')));
  });
}
