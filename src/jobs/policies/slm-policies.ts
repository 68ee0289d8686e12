import { inLanes } from '../../concurrency/lanes';
import { SnapkeepError } from '../../contracts/errors';
import { type Policy } from '../../contracts/jobs/policy';
import { type JsonObject } from '../../elasticsearch/json-value';
import { policyOf } from '../../elasticsearch/policy-metadata';
import { type Places } from '../reading/places';
import { withStoreDeadline } from '../reading/store-deadline';
import { type RegistrationsClient } from '../repositories/registrations-client';
import { type RunningJobs, type RunningSnapshot } from '../running/running-jobs';
import { type ClusterFacts } from '../start/health';
import { type PoliciesClient } from './policies-client';
import { type PolicyRunner } from './policy-runner';
import { slmHealth } from './slm-health';
import { slmPolicyJson, slmStatsJson } from './slm-json';
import { parseSlmPolicy, type PutSlmPolicy } from './slm-policy';

/** Repositories looked at concurrently, and ms that one of them may take. */
const LOOKS_AT_ONCE = 8;
const LOOK_MS = 1_000;
/** Ms that the cluster may take to tell its name. */
const INFO_MS = 4_000;

/** Answers Elasticsearch's snapshot lifecycle management. */
export class SlmPolicies {
  constructor(
    private readonly parts: {
      readonly policies: PoliciesClient;
      readonly runner: PolicyRunner;
      readonly registrations: RegistrationsClient;
      readonly places: Places;
      readonly running: RunningJobs;
      readonly cluster: ClusterFacts;
      readonly minimumIntervalMs: number;
    },
  ) {}

  /**
   * Puts a policy, whose schedule counts at once. Throws `action_request_validation_exception` with all that is wrong
   * with it, and `illegal_argument_exception`, also when its repository is not registered.
   */
  async put(put: PutSlmPolicy): Promise<void> {
    const { policies, registrations, minimumIntervalMs } = this.parts;
    const policy = parseSlmPolicy(put, minimumIntervalMs, Date.now());
    if (!(await registrations.list()).some(({ name }) => name === policy.repository)) {
      throw new SnapkeepError('illegal_argument_exception', `no such repository [${policy.repository}]`);
    }
    await policies.put({ policy });
  }

  /** Shows the policies with these ids, or all. Throws `policy_missing` when none of the ids exists. */
  async show(ids: readonly string[] | undefined, human: boolean): Promise<JsonObject> {
    const all = await this.parts.policies.list('slm');
    const found = ids === undefined ? all : all.filter(({ id }) => ids.includes(id));
    if (ids !== undefined && found.length === 0) {
      const listed = `[${ids.join(', ')}]`;
      const none = all.length === 0 ? ', no policies are configured' : '';
      throw new SnapkeepError('policy_missing', `snapshot lifecycle policy or policies ${listed} not found${none}`);
    }
    const running = await this.running(found);
    const now = Date.now();
    return Object.fromEntries(
      found.map((policy) => [policy.id, slmPolicyJson(policy, running.get(policy.id), { human, now })]),
    );
  }

  /** Deletes a policy; its snapshots stay. Throws `policy_missing`. */
  async delete(id: string): Promise<void> {
    if ((await this.parts.policies.delete({ kind: 'slm', id })) !== undefined) return;
    throw new SnapkeepError('policy_missing', `snapshot lifecycle policy not found: ${id}`);
  }

  /** Takes a snapshot by a policy at once, and returns its name. Throws `illegal_argument_exception`. */
  async execute(id: string): Promise<string> {
    const policy = (await this.parts.policies.list('slm')).find((one) => one.id === id);
    if (policy !== undefined) return this.parts.runner.run(policy);
    throw new SnapkeepError('illegal_argument_exception', `no such snapshot lifecycle policy [${id}]`);
  }

  /** Starts to delete what policies do not keep. */
  async executeRetention(): Promise<void> {
    await this.parts.runner.retain('slm');
  }

  async start(): Promise<void> {
    await this.parts.policies.runSlm(true);
  }

  /** Stops all schedules. Snapshots that are being taken go on. */
  async stop(): Promise<void> {
    await this.parts.policies.runSlm(false);
  }

  async status(): Promise<JsonObject> {
    return { operation_mode: (await this.parts.policies.slm()).running ? 'RUNNING' : 'STOPPED' };
  }

  async stats(): Promise<JsonObject> {
    const { policies } = this.parts;
    return slmStatsJson(await policies.list('slm'), await policies.slm());
  }

  /** Answers the health indicator `slm`. */
  async health(options: { readonly verbose: boolean; readonly size: number }): Promise<JsonObject> {
    const { policies, cluster } = this.parts;
    const [list, slm, info] = await Promise.all([
      policies.list('slm'),
      policies.slm(),
      cluster.info(AbortSignal.timeout(INFO_MS)),
    ]);
    const now = Date.now();
    return { cluster_name: info.name, indicators: { slm: slmHealth(list, slm, { ...options, now }) } };
  }

  /** Returns the running snapshots of policies by their ids; of a repository that does not answer, none. */
  private async running(policies: readonly Policy[]): Promise<ReadonlyMap<string, RunningSnapshot>> {
    const { registrations, places, running } = this.parts;
    const found = new Map<string, RunningSnapshot>();
    const names = new Set(policies.map(({ repository }) => repository));
    const used = names.size === 0 ? [] : (await registrations.list()).filter(({ name }) => names.has(name));
    await inLanes(used, LOOKS_AT_ONCE, async (registration) => {
      const place = await withStoreDeadline(() => places.findIfReadable(registration), LOOK_MS).catch(() => undefined);
      if (place === undefined) return;
      for (const one of await running.snapshots(place)) {
        const id = policyOf(one.shown.metadata, 'slm');
        if (typeof id === 'string' && one.job.repository === registration.name) found.set(id, one);
      }
    });
    return found;
  }
}
