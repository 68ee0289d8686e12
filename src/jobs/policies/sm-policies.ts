import { SnapkeepError } from '../../contracts/errors';
import { type Policy } from '../../contracts/jobs/policy';
import { type JsonObject } from '../../elasticsearch/json-value';
import { matchesWildcard } from '../../elasticsearch/wildcard';
import { type PoliciesClient } from './policies-client';
import { PRIMARY_TERM, smExplainJson, smPolicyJson, smVersion } from './sm-json';
import { parseSmPolicy, type PutSmPolicy } from './sm-policy';

/** The version of a policy that a caller changes. */
interface Expected {
  readonly seqNo: number;
  readonly primaryTerm: number;
}

interface ListRequest {
  readonly from: number;
  readonly size: number;
  readonly sortField: string;
  readonly sortOrder: 'asc' | 'desc';
  readonly queryString: string;
}

/** Answers OpenSearch's snapshot management. */
export class SmPolicies {
  constructor(private readonly policies: PoliciesClient) {}

  /** Creates a policy. Throws `illegal_argument_exception`, or `version_conflict_engine_exception` when it is there. */
  async create(put: PutSmPolicy): Promise<JsonObject> {
    return withDefinition(await this.policies.put({ policy: parseSmPolicy(put, Date.now()), expects: 'missing' }));
  }

  /**
   * Changes a policy. Throws `action_request_validation_exception` without its version, `illegal_argument_exception`,
   * or `version_conflict_engine_exception` when it was changed since, or is not there.
   */
  async update(put: PutSmPolicy, { seqNo, primaryTerm }: Expected): Promise<JsonObject> {
    if (seqNo < 0 || primaryTerm < 0) {
      throw new SnapkeepError(
        'action_request_validation_exception',
        'Validation Failed: 1: sequence number and primary term must be provided when updating a snapshot management policy;',
      );
    }
    const expects = { seqNo: primaryTerm === PRIMARY_TERM ? seqNo : -1 };
    return withDefinition(await this.policies.put({ policy: parseSmPolicy(put, Date.now()), expects }));
  }

  /** Shows a policy. Throws `sm_policy_missing`. */
  async show(name: string): Promise<JsonObject> {
    return withDefinition(await this.get(name));
  }

  async list({ from, size, sortField, sortOrder, queryString }: ListRequest): Promise<JsonObject> {
    const found = (await this.policies.list('sm')).filter(({ id }) => matchesWildcard(queryString, id));
    const key = (policy: Policy): string | number =>
      sortField === 'sm_policy.enabled'
        ? Number(policy.enabled)
        : sortField === 'sm_policy.last_updated_time'
          ? policy.modifiedMillis
          : policy.id;
    const sorted = [...found].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    if (sortOrder === 'desc') sorted.reverse();
    const page = sorted.slice(Math.max(0, from), Math.max(0, from) + Math.max(0, size));
    return {
      policies: page.map((policy) => {
        const { _version, ...version } = smVersion(policy);
        return { ...version, sm_policy: smPolicyJson(policy) };
      }),
      total_policies: found.length,
    };
  }

  /** Tells how policies go; the names may be wildcards. */
  async explain(names: readonly string[]): Promise<JsonObject> {
    const found = (await this.policies.list('sm')).filter(({ id }) => names.some((name) => matchesWildcard(name, id)));
    const now = Date.now();
    return { policies: found.map((policy) => smExplainJson(policy, now)) };
  }

  /** Deletes a policy; its snapshots stay. Throws `sm_policy_missing`. */
  async delete(name: string): Promise<JsonObject> {
    const deleted = await this.policies.delete({ kind: 'sm', id: name });
    if (deleted === undefined) throw missing();
    return {
      _index: '.opendistro-ism-config',
      ...smVersion({ ...deleted, version: deleted.version + 1 }),
      result: 'deleted',
      forced_refresh: true,
      _shards: { total: 1, successful: 1, failed: 0 },
    };
  }

  /** Starts or stops the schedules of a policy. Throws `sm_policy_missing`. */
  async enable(name: string, enabled: boolean): Promise<void> {
    if (!(await this.policies.enable({ kind: 'sm', id: name }, enabled))) throw missing();
  }

  private async get(name: string): Promise<Policy> {
    const policy = (await this.policies.list('sm')).find(({ id }) => id === name);
    if (policy === undefined) throw missing();
    return policy;
  }
}

function withDefinition(policy: Policy): JsonObject {
  return { ...smVersion(policy), sm_policy: smPolicyJson(policy) };
}

function missing(): SnapkeepError {
  return new SnapkeepError('sm_policy_missing', 'Snapshot management policy not found');
}
