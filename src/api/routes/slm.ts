import { type IRouter, type Request, type Response } from 'express';
import { splitNames } from '../../elasticsearch/name-lists';
import { type PutSlmPolicy } from '../../jobs/policies/slm-policy';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { readBody } from '../fields/read-body';
import { readParameters } from '../fields/read-parameters';
import { JsonBody } from '../http/body';
import { illegal } from '../http/illegal-argument';
import { isSwitchedOn } from '../http/query';
import { answer } from '../http/send-answer';
import { CREATE_SNAPSHOT } from '../requests/create-snapshot';
import { PUT_SLM_POLICY, SLM_HEALTH, SLM_REQUEST, SLM_RETENTION } from '../requests/slm';

const POLICY = '/_slm/policy/:policy';

/** Adds the routes of snapshot lifecycle management, on clusters of either product. */
export function slmRoutes(router: IRouter, { slm }: Pick<SnapshotService, 'slm'>): void {
  /** Returns a handler of a request without a body that is only acknowledged. */
  const acknowledge = (work: () => Promise<void>) => async (request: Request, response: Response) => {
    readParameters(request, SLM_REQUEST.parameters);
    await work();
    answer(request, response, 200, { acknowledged: true });
  };

  router.get(['/_slm/policy', POLICY], async (request, response) => {
    readParameters(request, SLM_REQUEST.parameters);
    const { policy } = request.params as { policy?: string };
    const ids = policy === undefined ? undefined : splitNames(policy);
    answer(request, response, 200, await slm.show(ids, isSwitchedOn(request, 'human')));
  });
  router.put(POLICY, async (request, response) => {
    readParameters(request, PUT_SLM_POLICY.parameters);
    await slm.put(policyIn(request.params.policy, await JsonBody.read(request)));
    answer(request, response, 200, { acknowledged: true });
  });
  router.delete(POLICY, async (request, response) => {
    readParameters(request, SLM_REQUEST.parameters);
    await slm.delete(request.params.policy);
    answer(request, response, 200, { acknowledged: true });
  });
  const execute = router.route(`${POLICY}/_execute`);
  for (const method of ['put', 'post'] as const) {
    execute[method](async (request, response) => {
      readParameters(request, SLM_REQUEST.parameters);
      answer(request, response, 200, { snapshot_name: await slm.execute(request.params.policy) });
    });
  }
  router.post(
    '/_slm/_execute_retention',
    acknowledge(() => slm.executeRetention()),
  );
  router.post(
    '/_slm/start',
    acknowledge(() => slm.start()),
  );
  router.post(
    '/_slm/stop',
    acknowledge(() => slm.stop()),
  );
  router.get('/_slm/status', async (request, response) => {
    readParameters(request, SLM_REQUEST.parameters);
    answer(request, response, 200, await slm.status());
  });
  router.get('/_health_report/slm', async (request, response) => {
    answer(request, response, 200, await slm.health(readParameters(request, SLM_HEALTH.parameters)));
  });
  router.get('/_slm/stats', async (request, response) => {
    readParameters(request, SLM_REQUEST.parameters);
    answer(request, response, 200, await slm.stats());
  });
}

function policyIn(id: string, body: JsonBody): PutSlmPolicy {
  const { name, schedule, repository, config, retention, unhealthyIfNoSnapshotWithin } = readBody(
    body,
    PUT_SLM_POLICY.body,
  );
  const missing = ['name', 'schedule', 'repository'].filter((field) => typeof body.members.get(field) !== 'string');
  if (missing.length > 0) throw illegal(`Required [${missing.join(', ')}]`);
  return {
    id,
    name,
    schedule,
    repository,
    config,
    request: readBody(JsonBody.parse(Buffer.from(config ?? '{}')), CREATE_SNAPSHOT.body),
    retention:
      retention === undefined ? undefined : readBody(JsonBody.parse(Buffer.from(retention)), SLM_RETENTION.body),
    unhealthyIfNoSnapshotWithin,
  };
}
