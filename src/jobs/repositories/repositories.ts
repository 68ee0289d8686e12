import { type StorePolicy } from '../../blobs/contract/store-policy';
import { repositoryMissing } from '../../contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type JobRepository } from '../../contracts/jobs/job';
import { retireSignal } from '../../contracts/jobs/workflow-messages';
import { checkBounds, type NewRegistration, type Registration } from '../../contracts/registration';
import { workflowIds } from '../../contracts/workflow-ids';
import { type JsonObject } from '../../elasticsearch/json-value';
import { matcher, selectNames } from '../../elasticsearch/name-lists';
import { checkRepositoryName } from '../../elasticsearch/snapshot-name-rules';
import { parseNewSettings } from '../../registrations/parse-settings';
import { type Sealer } from '../../registrations/sealer';
import { type Places } from '../reading/places';
import { type TemporalCalls } from '../temporal/temporal-calls';
import { inUse, type JobsInUse } from './jobs-in-use';
import { nodeId } from './node-id';
import { type RegistrationsClient } from './registrations-client';
import { type StoreVerifier } from './verify-store';

/** A registration as a caller requests it. */
export interface RepositoryRequest {
  readonly name: string;
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether the store must be reached and checked before the repository is registered. */
  readonly verify: boolean;
}

/** Registers, shows and unregisters repositories. */
export class Repositories {
  constructor(
    private readonly parts: {
      readonly calls: TemporalCalls;
      readonly registrations: RegistrationsClient;
      readonly places: Places;
      readonly jobs: JobsInUse;
      readonly verifier: StoreVerifier;
      /** Identity of this process. */
      readonly identity: string;
      readonly sealer: Sealer;
      readonly policy: StorePolicy;
    },
  ) {}

  /**
   * Registers or replaces a repository. Every later request, at any front door, uses the new settings; running jobs
   * keep theirs. Throws `repository_settings_invalid` or `illegal_argument_exception` when the request is invalid,
   * `repository_verification_exception` when the store can't be used, and `repository_in_use` when running jobs would
   * not survive the change.
   */
  async put(request: RepositoryRequest): Promise<void> {
    const { registrations, places, verifier, sealer, policy } = this.parts;
    const { name } = request;
    checkRepositoryName(name);
    const parsed = parseNewSettings(request.type, request.settings, policy);
    const registration: NewRegistration = {
      name,
      type: parsed.store.type,
      settings: parsed.shown,
      sealedSecrets: parsed.secrets === undefined ? undefined : sealer.seal(parsed.secrets),
    };
    const all = await registrations.list();
    // Checked here so that nothing too large is sent; the workflow that keeps the registrations checks again.
    checkBounds(registration, all);
    const before = all.find((one) => one.name === name);
    const jobs = before === undefined ? [] : await this.parts.jobs.of(before, { ...registration, revision: 0 });
    if (before !== undefined && jobs.length > 0) this.parts.jobs.refuseStranding(before, parsed, jobs);
    if (request.verify || jobs.length > 0) {
      try {
        await verifier.verify(registration);
      } catch (error) {
        if (jobs.length === 0 || isSnapkeepError(error, 'store_unavailable') || !(error instanceof SnapkeepError)) {
          throw error;
        }
        throw inUse(name, jobs, `settings that do not work: ${error.message}`, error);
      }
    }
    const left = before === undefined ? undefined : await places.findIfReadable(before);
    await registrations.put(registration);
    await this.retire(left);
  }

  /**
   * Answers `POST /_snapshot/{repository}/_verify`: the processes that can use the store, this one and every worker.
   * Throws `repository_missing_exception`, and `repository_verification_exception` that says who can't use it.
   */
  async verify(name: string): Promise<JsonObject> {
    const { registrations, verifier, identity } = this.parts;
    const workers = await verifier.verify(await registrations.get(name));
    const nodes = new Set([identity, ...workers]);
    return { nodes: Object.fromEntries([...nodes].map((node) => [nodeId(node), { name: node }])) };
  }

  /**
   * Answers `GET /_snapshot/{repository}`, without secrets. The uuid is that of the place, and is left out while nobody
   * has written there, or the store does not answer. Throws `repository_missing_exception`.
   */
  async show(parts: readonly string[]): Promise<JsonObject> {
    const shown = (await this.select(parts)).map(async (registration) => {
      const { name, type, settings } = registration;
      return [name, { type, uuid: await this.parts.places.soon(registration), settings }] as const;
    });
    return Object.fromEntries(await Promise.all(shown));
  }

  /**
   * Unregisters one repository, or all that a wildcard matches; the data stays. As in Elasticsearch, a list of names is
   * not split. Throws `repository_missing_exception` when none matches and `repository_in_use` when jobs run.
   */
  async delete(pattern: string): Promise<void> {
    const matches = matcher(pattern);
    const registrations = (await this.parts.registrations.list()).filter(({ name }) => matches(name));
    if (registrations.length === 0 && pattern !== '*') throw repositoryMissing(pattern);
    for (const registration of registrations) {
      const jobs = await this.parts.jobs.of(registration);
      if (jobs.length > 0) throw inUse(registration.name, jobs, 'unregistering it');
    }
    for (const registration of registrations) {
      const left = await this.parts.places.findIfReadable(registration);
      await this.parts.registrations.delete(registration.name);
      await this.retire(left);
    }
  }

  /** Returns the registrations that an expression selects, by name. Throws `repository_missing_exception`. */
  async select(parts: readonly string[]): Promise<Registration[]> {
    const all = new Map((await this.parts.registrations.list()).map((one) => [one.name, one]));
    const { selected, missing } = selectNames(parts, [...all.keys()].sort());
    if (missing.length > 0) throw repositoryMissing(missing.join(', '));
    return selected.flatMap((name) => all.get(name) ?? []);
  }

  /**
   * Ends the ledger of a place once its jobs have ended, if no registration leads to the place any more. The next job
   * starts a new ledger.
   */
  private async retire(left: JobRepository | undefined): Promise<void> {
    if (left === undefined) return;
    const { calls, places, registrations } = this.parts;
    const inPlace = await places.ofAll(await registrations.list());
    if (!inPlace.includes(left.place)) await calls.signal(workflowIds.repository(left.place), retireSignal, []);
  }
}
