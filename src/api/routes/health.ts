import { type IRouter, type Request } from 'express';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readParameters } from '../fields/read-parameters';
import { illegal } from '../http/illegal-argument';
import { answer } from '../http/send-answer';
import { HEALTH } from '../requests/snapkeep';

/** Adds the health report, and refuses every other path below `/_snapkeep`. Must follow the other routes there. */
export function healthRoutes(router: IRouter, { health }: Pick<SnapshotService, 'health'>): void {
  router.get('/_snapkeep/health', async (request: Request, response) => {
    readParameters(request, HEALTH.parameters);
    const { status, components } = await health.report();
    answer(request, response, status === 'up' ? 200 : 503, {
      status,
      components: Object.fromEntries(Object.entries(components).map(([name, one]) => [name, { ...one }])),
    });
  });
  router.all('/_snapkeep{/*path}', (request) => {
    throw illegal(`no handler found for uri [${request.originalUrl}] and method [${request.method}]`);
  });
}
