import { type IRouter, type Request } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { type SnapshotService } from '../../jobs/service';
import { Parameters } from '../http/parameters';
import { answer } from '../http/send-answer';

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
