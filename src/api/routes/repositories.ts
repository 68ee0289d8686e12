import { type IRouter } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { splitNames } from '../../elasticsearch/name-lists';
import { type SnapshotService } from '../../jobs/service';
import { checkObject, refuseUnknown } from '../fields/body-fields';
import { JsonBody } from '../http/body';
import { Parameters } from '../http/parameters';
import { answer } from '../http/send-answer';

/** Registering, showing and unregistering repositories. */
export function repositoryRoutes(router: IRouter, { repositories }: Pick<SnapshotService, 'repositories'>): void {
  router.get(['/_snapshot', '/_snapshot/:repository'], async (request, response) => {
    Parameters.of(request, ['local']);
    const expression = (request.params as { repository?: string }).repository ?? '_all';
    answer(request, response, 200, await repositories.show(splitNames(expression)));
  });

  const put = router.route('/_snapshot/:repository');
  for (const method of ['put', 'post'] as const) {
    put[method](async (request, response) => {
      const parameters = Parameters.of(request, ['verify']);
      const body = await JsonBody.read(request);
      await repositories.put({
        name: request.params.repository,
        ...parseRepositoryBody(body),
        verify: parameters.boolean('verify', true),
      });
      answer(request, response, 200, { acknowledged: true });
    });
  }

  router.delete('/_snapshot/:repository', async (request, response) => {
    Parameters.of(request, []);
    await repositories.delete(request.params.repository);
    answer(request, response, 200, { acknowledged: true });
  });
}

function parseRepositoryBody(body: JsonBody): { type: string; settings: Record<string, unknown> } {
  const { members } = body;
  if (body.isEmpty) throw new SnapkeepError('parse_exception', 'request body is required');
  refuseUnknown(members, ['type', 'settings']);
  const type = members.get('type');
  if (typeof type !== 'string' || type === '') {
    throw new SnapkeepError('action_request_validation_exception', 'Validation Failed: 1: type is missing;');
  }
  const settings = members.get('settings');
  checkObject('settings', settings);
  return { type, settings: (settings ?? {}) as Record<string, unknown> };
}
