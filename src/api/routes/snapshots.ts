import { type IRouter, type Request } from 'express';
import { splitNames } from '../../elasticsearch/name-lists';
import { type SnapshotService } from '../../jobs/service';
import { type ListRequest } from '../../jobs/snapshots/snapshot-list';
import { SORT_KEYS } from '../../jobs/snapshots/snapshot-page';
import { illegal } from '../fields/body-fields';
import { parseSnapshotBody } from '../fields/snapshot-body';
import { JsonBody } from '../http/body';
import { Parameters } from '../http/parameters';
import { untilClosed } from '../http/request-signal';
import { answer } from '../http/send-answer';

const PATH = '/_snapshot/:repository/:snapshot';
/** Paging parameters, which need what `verbose=false` leaves out. */
const PAGING = ['sort', 'order', 'size', 'offset', 'after', 'from_sort_value', 'slm_policy_filter'];
const LIST = [
  'verbose',
  'ignore_unavailable',
  'index_details',
  'index_names',
  'include_repository',
  'state',
  ...PAGING,
];
const STATES = ['IN_PROGRESS', 'SUCCESS', 'FAILED', 'PARTIAL', 'INCOMPATIBLE'];

/** Creating, showing and deleting snapshots. */
export function snapshotRoutes(
  router: IRouter,
  { snapshots, list }: Pick<SnapshotService, 'snapshots' | 'list'>,
): void {
  const create = router.route(PATH);
  for (const method of ['put', 'post'] as const) {
    create[method](async (request, response) => {
      const parameters = Parameters.of(request, ['wait_for_completion']);
      const wait = parameters.boolean('wait_for_completion', false);
      const body = await JsonBody.read(request);
      const { repository, snapshot } = request.params;
      const started = await snapshots.create({ repository, snapshot, request: parseSnapshotBody(body) });
      const json = wait ? { snapshot: await started.finished(untilClosed(response)) } : { accepted: true };
      answer(request, response, 200, json);
    });
  }

  router.get(PATH, async (request, response) => {
    answer(request, response, 200, await list.show(listRequest(request)));
  });

  router.delete(PATH, async (request, response) => {
    const parameters = Parameters.of(request, ['wait_for_completion']);
    const { repository, snapshot } = request.params;
    await snapshots.delete(
      {
        repository,
        snapshots: splitNames(snapshot),
        waitForCompletion: parameters.boolean('wait_for_completion', true),
      },
      untilClosed(response),
    );
    answer(request, response, 200, { acknowledged: true });
  });
}

function listRequest(request: Request<{ repository: string; snapshot: string }>): ListRequest {
  const parameters = Parameters.of(request, LIST);
  const verbose = parameters.boolean('verbose', true);
  if (!verbose) {
    const refused = PAGING.find((name) => parameters.text(name) !== undefined);
    if (refused !== undefined) throw illegal(`can't use [${refused}] with verbose=false`);
  }
  const size = parameters.integer('size', -1);
  const offset = parameters.integer('offset', 0);
  if (size === 0 || size < -1) throw illegal(`size must be -1 or greater than 0 but was [${size}]`);
  if (offset < 0) throw illegal(`offset must not be negative but was [${offset}]`);
  const after = parameters.text('after');
  if (after !== undefined && parameters.text('offset') !== undefined)
    throw illegal(`can't use after and offset together`);
  if (after !== undefined && parameters.text('from_sort_value') !== undefined) {
    throw illegal(`can't use after and from_sort_value together`);
  }
  return {
    repositories: splitNames(request.params.repository),
    snapshots: splitNames(request.params.snapshot),
    ignoreUnavailable: parameters.boolean('ignore_unavailable', false),
    verbose,
    indexDetails: parameters.boolean('index_details', false),
    indexNames: parameters.boolean('index_names', true),
    includeRepository: parameters.boolean('include_repository', true),
    page: {
      sort: parameters.choice('sort', SORT_KEYS, 'start_time'),
      order: parameters.choice('order', ['asc', 'desc'], 'asc'),
      size,
      offset,
      after,
      fromSortValue: parameters.text('from_sort_value'),
      slmPolicyFilter: names(parameters.text('slm_policy_filter')),
      states: states(parameters.text('state')),
    },
  };
}

function names(value: string | undefined): string[] | undefined {
  return value === undefined ? undefined : splitNames(value);
}

function states(value: string | undefined): string[] | undefined {
  const given = names(value)?.map((state) => state.toUpperCase());
  const wrong = given?.find((state) => !STATES.includes(state));
  if (wrong !== undefined) throw illegal(`unknown snapshot state [${wrong}]: one of [${STATES.join(', ')}]`);
  return given;
}
