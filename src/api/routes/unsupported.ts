import { type IRouter, type Request } from 'express';
import { SnapkeepError } from '../../contracts/errors';

/** Actions on repositories that stand where a snapshot's name stands otherwise. */
const REPOSITORY_ACTIONS = ['_verify', '_cleanup', '_analyze', '_verify_integrity'];

/** Before the routes of snapshots: an action is no snapshot of that name. */
export function unsupportedActions(router: IRouter): void {
  router.all(
    REPOSITORY_ACTIONS.map((action) => `/_snapshot/:repository/${action}`),
    refuse,
  );
}

/**
 * What is left below `/_snapshot`. It never goes on to the cluster, whose own repositories are not those that the other
 * requests speak of.
 */
export function unsupportedRoutes(router: IRouter): void {
  router.all('/_snapshot{/*path}', refuse);
}

function refuse(request: Request): never {
  throw new SnapkeepError(
    'illegal_argument_exception',
    `no handler found for uri [${request.originalUrl}] and method [${request.method}]: Snapkeep does not support this snapshot request`,
  );
}
