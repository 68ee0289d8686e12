import { type IRouter } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { splitNames } from '../../elasticsearch/name-lists';
import { type RepositoryRequest } from '../../jobs/repositories/repositories';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readBody } from '../fields/read-body';
import { readParameters } from '../fields/read-parameters';
import { JsonBody } from '../http/body';
import { untilClosed } from '../http/request-signal';
import { answer } from '../http/send-answer';
import {
  CLEANUP_REPOSITORY,
  DELETE_REPOSITORY,
  GET_REPOSITORIES,
  PUT_REPOSITORY,
  VERIFY_REPOSITORY,
} from '../requests/repositories';

/** Adds the routes that register, show, check and unregister repositories. */
export function repositoryRoutes(
  router: IRouter,
  { repositories, cleanup }: Pick<SnapshotService, 'repositories' | 'cleanup'>,
): void {
  router.get(['/_snapshot', '/_snapshot/:repository'], async (request, response) => {
    readParameters(request, GET_REPOSITORIES.parameters);
    const expression = (request.params as { repository?: string }).repository ?? '_all';
    answer(request, response, 200, await repositories.show(splitNames(expression)));
  });

  const put = router.route('/_snapshot/:repository');
  for (const method of ['put', 'post'] as const) {
    put[method](async (request, response) => {
      const { verify } = readParameters(request, PUT_REPOSITORY.parameters);
      const body = await JsonBody.read(request);
      await repositories.put({ name: request.params.repository, ...parseRepositoryBody(body), verify });
      answer(request, response, 200, { acknowledged: true });
    });
  }

  router.delete('/_snapshot/:repository', async (request, response) => {
    readParameters(request, DELETE_REPOSITORY.parameters);
    await repositories.delete(request.params.repository);
    answer(request, response, 200, { acknowledged: true });
  });

  router.post('/_snapshot/:repository/_verify', async (request, response) => {
    readParameters(request, VERIFY_REPOSITORY.parameters);
    answer(request, response, 200, await repositories.verify(request.params.repository));
  });

  router.post('/_snapshot/:repository/_cleanup', async (request, response) => {
    readParameters(request, CLEANUP_REPOSITORY.parameters);
    const { deletedBytes, deletedObjects } = await cleanup.run(request.params.repository, untilClosed(response));
    const results = { deleted_bytes: deletedBytes, deleted_blobs: deletedObjects };
    answer(request, response, 200, { results });
  });
}

function parseRepositoryBody(body: JsonBody): Pick<RepositoryRequest, 'type' | 'settings'> {
  if (body.isMissing) throw new SnapkeepError('parse_exception', 'request body is required');
  const { type, settings } = readBody(body, PUT_REPOSITORY.body);
  if (type === '') {
    throw new SnapkeepError('action_request_validation_exception', 'Validation Failed: 1: type is missing;');
  }
  return { type, settings };
}
