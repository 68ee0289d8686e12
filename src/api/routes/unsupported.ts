import { type IRouter, type Request } from 'express';
import { SnapkeepError } from '../../contracts/errors';

/** Actions on repositories, for methods that they do not have. In the path they take the place of a snapshot's name. */
const REPOSITORY_ACTIONS = ['_verify', '_cleanup', '_analyze', '_verify_integrity'];

/**
 * Refuses unsupported actions. Must precede the routes of snapshots, which would take an action for a snapshot's
 * name.
 */
export function unsupportedActions(router: IRouter): void {
  router.all(
    REPOSITORY_ACTIONS.map((action) => `/_snapshot/:repository/${action}`),
    refuse,
  );
}

/**
 * Refuses every other path of snapshots and policies. Must follow their routes. Such a request is never passed on,
 * because the cluster has other repositories and policies under the same names.
 */
export function unsupportedRoutes(router: IRouter): void {
  router.all(['/_snapshot{/*path}', '/_slm{/*path}', '/_plugins/_sm{/*path}'], refuse);
}

function refuse(request: Request): never {
  throw new SnapkeepError(
    'illegal_argument_exception',
    `no handler found for uri [${request.originalUrl}] and method [${request.method}]: Snapkeep does not support this snapshot request`,
  );
}
