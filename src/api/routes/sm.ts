import { type IRouter, type Request } from 'express';
import { splitNames } from '../../elasticsearch/name-lists';
import { type PutSmPolicy } from '../../jobs/policies/sm-policy';
import { type SnapshotService } from '../../jobs/snapshot-service';
import { type Parsed } from '../fields/field-table';
import { type BodyTable, readBody } from '../fields/read-body';
import { readParameters } from '../fields/read-parameters';
import { JsonBody } from '../http/body';
import { illegal } from '../http/illegal-argument';
import { answer } from '../http/send-answer';
import { CREATE_SNAPSHOT } from '../requests/create-snapshot';
import {
  LIST_SM_POLICIES,
  PUT_SM_POLICY,
  SM_CONDITION,
  SM_CREATION,
  SM_DELETION,
  SM_REQUEST,
  SM_SNAPSHOT_CONFIG,
} from '../requests/sm';

const POLICIES = '/_plugins/_sm/policies';
const POLICY = `${POLICIES}/:policy`;

/** Adds the routes of OpenSearch's snapshot management, on clusters of either product. */
export function smRoutes(router: IRouter, { sm }: Pick<SnapshotService, 'sm'>): void {
  router.get(POLICIES, async (request, response) => {
    answer(request, response, 200, await sm.list(readParameters(request, LIST_SM_POLICIES.parameters)));
  });
  router.get(POLICY, async (request, response) => {
    readParameters(request, SM_REQUEST.parameters);
    answer(request, response, 200, await sm.show(request.params.policy));
  });
  router.get(`${POLICY}/_explain`, async (request, response) => {
    readParameters(request, SM_REQUEST.parameters);
    answer(request, response, 200, await sm.explain(splitNames(request.params.policy)));
  });
  router.post(POLICY, async (request, response) => {
    readParameters(request, PUT_SM_POLICY.parameters);
    answer(request, response, 201, await sm.create(await policyIn(request)));
  });
  router.put(POLICY, async (request, response) => {
    const { ifSeqNo: seqNo, ifPrimaryTerm: primaryTerm } = readParameters(request, PUT_SM_POLICY.parameters);
    answer(request, response, 200, await sm.update(await policyIn(request), { seqNo, primaryTerm }));
  });
  router.delete(POLICY, async (request, response) => {
    readParameters(request, SM_REQUEST.parameters);
    answer(request, response, 200, await sm.delete(request.params.policy));
  });
  for (const [action, enabled] of [
    ['_start', true],
    ['_stop', false],
  ] as const) {
    router.post(`${POLICY}/${action}`, async (request, response) => {
      readParameters(request, SM_REQUEST.parameters);
      await sm.enable((request.params as { policy: string }).policy, enabled);
      answer(request, response, 200, { acknowledged: true });
    });
  }
}

async function policyIn(request: Request<{ policy: string }>): Promise<PutSmPolicy> {
  const given = readBody(await JsonBody.read(request), PUT_SM_POLICY.body);
  const { description, enabled, snapshotConfig: config, notification } = given;
  if (config === undefined) throw illegal('snapshot_config field must not be null');
  if (notification !== undefined) throw illegal('[notification] is not supported: Snapkeep sends no notifications');
  const creation = inner(given.creation, SM_CREATION.body);
  const deletion = inner(given.deletion, SM_DELETION.body);
  const { repository, dateFormat, dateFormatTimezone, ...snapshot } = readBody(JsonBody.parse(Buffer.from(config)), {
    ...CREATE_SNAPSHOT.body,
    ...SM_SNAPSHOT_CONFIG.body,
  });
  return {
    name: request.params.policy,
    description,
    enabled,
    creation,
    deletion: deletion && { ...deletion, condition: inner(deletion.condition, SM_CONDITION.body) },
    config,
    repository,
    dateFormat,
    dateFormatTimezone,
    request: snapshot,
  };
}

/** Reads an object within the body. */
function inner<Table extends BodyTable>(raw: string | undefined, table: Table): Parsed<Table> | undefined {
  return raw === undefined ? undefined : readBody(JsonBody.parse(Buffer.from(raw)), table);
}
