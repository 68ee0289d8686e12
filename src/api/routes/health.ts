import { type Request, type IRouter } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { type SnapshotService } from '../../jobs/service';
import { answer } from '../http/send-answer';
import { Parameters } from '../http/parameters';

/** What Snapkeep adds to the cluster's API. */
export function healthRoutes(router: IRouter, { health }: Pick<SnapshotService, 'health'>): void {
  router.get('/_snapkeep/health', async (request: Request, response) => {
    Parameters.of(request, []);
    const { status, components } = await health.report();
    answer(request, response, status === 'up' ? 200 : 503, {
      status,
      components: Object.fromEntries(Object.entries(components).map(([name, one]) => [name, { ...one }])),
    });
  });
  router.all('/_snapkeep{/*path}', (request) => {
    throw new SnapkeepError(
      'illegal_argument_exception',
      `no handler found for uri [${request.originalUrl}] and method [${request.method}]`,
    );
  });
}
