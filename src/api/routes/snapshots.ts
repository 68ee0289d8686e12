import { type IRouter, type Request, type Response } from 'express';
import { SnapkeepError } from '../../contracts/errors';
import { splitNames } from '../../elasticsearch/name-lists';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { type InfoForm } from '../../jobs/snapshots/snapshot-info';
import { type ListRequest } from '../../jobs/snapshots/snapshot-list';
import { readBody } from '../fields/read-body';
import { readParameters } from '../fields/read-parameters';
import { JsonBody } from '../http/body';
import { illegal } from '../http/illegal-argument';
import { isSwitchedOn, queryOf } from '../http/query';
import { untilClosed } from '../http/request-signal';
import { answer, answerDialect } from '../http/send-answer';
import { CLONE_SNAPSHOT } from '../requests/clone-snapshot';
import { CREATE_SNAPSHOT } from '../requests/create-snapshot';
import { DELETE_SNAPSHOTS } from '../requests/delete-snapshots';
import { GET_SNAPSHOTS, PAGING } from '../requests/get-snapshots';

const PATH = '/_snapshot/:repository/:snapshot';

/** Adds the routes that create, clone, show and delete snapshots. */
export function snapshotRoutes(
  router: IRouter,
  { creator, cloner, deleter, list }: Pick<SnapshotService, 'creator' | 'cloner' | 'deleter' | 'list'>,
): void {
  const create = router.route(PATH);
  for (const method of ['put', 'post'] as const) {
    create[method](async (request, response) => {
      const { waitForCompletion } = readParameters(request, CREATE_SNAPSHOT.parameters);
      const body = await JsonBody.read(request);
      const { repository, snapshot } = request.params;
      const started = await creator.create({ repository, snapshot, request: readBody(body, CREATE_SNAPSHOT.body) });
      const json = waitForCompletion
        ? { snapshot: await started.finished(untilClosed(response), formOf(request, response)) }
        : { accepted: true };
      answer(request, response, 200, json);
    });
  }

  router.put(`${PATH}/_clone/:target`, async (request, response) => {
    readParameters(request, CLONE_SNAPSHOT.parameters);
    const body = await JsonBody.read(request);
    if (body.isMissing) throw new SnapkeepError('parse_exception', 'request body is required');
    const { indices, ignoreUnavailable } = readBody(body, CLONE_SNAPSHOT.body);
    if (indices === undefined) {
      throw new SnapkeepError(
        'action_request_validation_exception',
        'Validation Failed: 1: indices patterns are empty;',
      );
    }
    const { repository, snapshot: source, target } = request.params;
    await cloner.clone({ repository, source, target, indices, ignoreUnavailable });
    answer(request, response, 200, { acknowledged: true });
  });

  router.get(PATH, async (request, response) => {
    answer(request, response, 200, await list.show({ ...listRequest(request), ...formOf(request, response) }));
  });

  router.delete(PATH, async (request, response) => {
    const { waitForCompletion } = readParameters(request, DELETE_SNAPSHOTS.parameters);
    const { repository, snapshot } = request.params;
    await deleter.delete({ repository, snapshots: splitNames(snapshot), waitForCompletion }, untilClosed(response));
    answer(request, response, 200, { acknowledged: true });
  });
}

function listRequest(request: Request<{ repository: string; snapshot: string }>): ListRequest {
  const parameters = readParameters(request, GET_SNAPSHOTS.parameters);
  checkPaging(queryOf(request), parameters.verbose);
  const { verbose, ignoreUnavailable, indexDetails, indexNames, includeRepository, state, ...page } = parameters;
  return {
    repositories: splitNames(request.params.repository),
    snapshots: splitNames(request.params.snapshot),
    ignoreUnavailable,
    verbose,
    indexDetails,
    indexNames,
    includeRepository,
    // Without the times there is no order but that of the names.
    page: { ...page, sort: verbose ? page.sort : 'name', states: state },
  };
}

function formOf(request: Request, response: Response): InfoForm {
  const { tellsRemoteStores } = answerDialect(response);
  return { human: isSwitchedOn(request, 'human'), tellsRemoteStores };
}

/** Throws `illegal_argument_exception` when parameters are given that exclude each other. */
function checkPaging(given: ReadonlyMap<string, string>, verbose: boolean): void {
  const refused = verbose ? undefined : Object.keys(PAGING).find((name) => given.has(name));
  if (refused !== undefined) throw illegal(`can't use [${refused}] with verbose=false`);
  if (!given.has('after')) return;
  for (const other of ['offset', 'from_sort_value']) {
    if (given.has(other)) throw illegal(`can't use after and ${other} together`);
  }
}
