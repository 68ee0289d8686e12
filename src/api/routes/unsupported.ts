import { type IRouter, type Request } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { answer } from '../http/send-answer';

/** Refuses what is not there yet. Must precede the routes of snapshots, which would take it for a snapshot's name. */
export function unsupportedActions(router: IRouter): void {
  router.all('/_snapshot/:repository/_verify_integrity', refuse);
}

/**
 * Refuses every other path of snapshots and policies, in the engines' words. Must follow their routes. Such a request
 * is never passed on, because the cluster has other repositories and policies under the same names.
 */
export function unsupportedRoutes(router: IRouter): void {
  router.all('/_snapshot/:repository/:snapshot/_mount', refuse);
  router.all(['/_snapshot{/*path}', '/_slm{/*path}', '/_plugins/_sm{/*path}'], (request, response) => {
    const { originalUrl, method } = request;
    answer(request, response, 400, { error: `no handler found for uri [${originalUrl}] and method [${method}]` });
  });
}

function refuse(request: Request): never {
  throw new SnapkeepError(
    'illegal_argument_exception',
    `no handler found for uri [${request.originalUrl}] and method [${request.method}]: Snapkeep does not support this snapshot request`,
  );
}
