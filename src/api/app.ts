import express, { type Express } from 'express';
import { type ClusterSettings } from '../cluster/http/connection';
import { type SnapshotService } from '../jobs/snapshot-service';
import { callGuard, type CallNames } from './access/call-guard';
import { SnapshotAccess } from './access/snapshot-access';
import { errorHandler, type ErrorLog } from './http/error-envelope';
import { checkNames } from './http/path-names';
import { CallerGoneError } from './http/request-signal';
import { type Auth } from './proxy/auth';
import { answerAsCluster, showProduct } from './proxy/own-answers';
import { Upstream } from './proxy/upstream';
import { analyzeRepositoryRoutes } from './routes/analyze-repository';
import { CAT_PATHS, catRoutes } from './routes/cat';
import { deleteIndexRoutes } from './routes/delete-index';
import { healthRoutes } from './routes/health';
import { jobRoutes } from './routes/jobs';
import { methodRoutes } from './routes/methods';
import { recoveryRoutes } from './routes/recovery';
import { repositoryRoutes } from './routes/repositories';
import { restoreRoutes } from './routes/restore';
import { slmRoutes } from './routes/slm';
import { smRoutes } from './routes/sm';
import { snapshotDetailRoutes } from './routes/snapshot-details';
import { snapshotStatusRoutes } from './routes/snapshot-status';
import { snapshotRoutes } from './routes/snapshots';
import { unsupportedActions, unsupportedRoutes } from './routes/unsupported';

/** Everything that {@link createApp} builds the front door from. */
export interface AppParts {
  readonly service: SnapshotService;
  /** The cluster that receives every request that Snapkeep does not answer itself. */
  readonly cluster: ClusterSettings;
  readonly auth: Auth;
  readonly names: CallNames;
  readonly logger: ErrorLog;
}

/**
 * Creates the front door, which does not listen yet. It answers Elasticsearch's snapshot API with Snapkeep's jobs and
 * passes every other request on to the cluster unchanged. The order of the routes matters: the first that matches
 * answers.
 */
export function createApp({ service, cluster, auth, names, logger }: AppParts): Express {
  const upstream = new Upstream(cluster, auth);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  // readParameters parses the query, because only a request's table knows which parameters are allowed.
  app.set('query parser', false);

  app.use(callGuard(names));
  if (auth === 'cluster') new SnapshotAccess(upstream).protect(app);
  app.use(
    [
      '/_snapshot',
      '/_snapkeep',
      '/_slm',
      '/_health_report/slm',
      '/_plugins/_sm',
      '/_recovery',
      '/:index/_recovery',
      ...CAT_PATHS,
    ],
    async (request, response, next) => {
      checkNames(request.originalUrl);
      await answerAsCluster(request, response, upstream);
      next();
    },
  );
  methodRoutes(app);
  jobRoutes(app, service);
  snapshotDetailRoutes(app, service);
  healthRoutes(app, service);
  snapshotStatusRoutes(app, service, upstream);
  repositoryRoutes(app, service);
  analyzeRepositoryRoutes(app, service);
  slmRoutes(app, service);
  smRoutes(app, service);
  unsupportedActions(app);
  restoreRoutes(app, service);
  snapshotRoutes(app, service);
  unsupportedRoutes(app);
  recoveryRoutes(app, service, upstream);
  catRoutes(app, service, upstream);
  deleteIndexRoutes(app, service, upstream, auth);
  app.use((request, response) => upstream.pass(request, response, request.originalUrl));
  app.use((error: unknown, _request: express.Request, response: express.Response, next: express.NextFunction) => {
    if (error instanceof CallerGoneError || response.destroyed) return;
    showProduct(response, upstream);
    next(error);
  });
  app.use(errorHandler(logger));
  return app;
}
