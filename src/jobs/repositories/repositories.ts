import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type BlobStore } from '../../blobs/contract/blob-store';
import { type StorePolicy } from '../../blobs/contract/store-policy';
import { notTheSameStore, repositoryMissing } from '../../contracts/common-errors';
import { isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type JobRepository } from '../../contracts/jobs/job';
import { type ShownJob } from '../../contracts/jobs/ledger';
import { checkBounds, type NewRegistration, type Registration, type StoreMarker } from '../../contracts/registration';
import { type JsonObject } from '../../elasticsearch/json-value';
import { matcher, selectNames } from '../../elasticsearch/name-lists';
import { checkRepositoryName } from '../../elasticsearch/snapshot-name-rules';
import { type OpenRepositories } from '../../registrations/open-repositories';
import { parseNewSettings, parseShownSettings, type RepositorySettings } from '../../registrations/parse-settings';
import { type Sealer } from '../../registrations/sealer';
import { verifyKey } from '../../repository/format/keys';
import { type Places } from '../reading/places';
import { withStoreDeadline } from '../reading/store-deadline';
import { type Ledgers } from '../running/ledgers';
import { type RunningJobs } from '../running/running-jobs';

/** A registration as it was asked for. */
interface RepositoryRequest {
  readonly name: string;
  readonly type: string;
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether the store has to be reached and tried before the repository is registered. */
  readonly verify: boolean;
}

const VERIFY_MS = 4_000;

/** Registering, showing and unregistering repositories. */
export class Repositories {
  constructor(
    private readonly ledgers: Ledgers,
    private readonly places: Places,
    private readonly jobs: RunningJobs,
    private readonly repositories: OpenRepositories,
    private readonly sealer: Sealer,
    private readonly policy: StorePolicy,
  ) {}

  /**
   * Registers or replaces; every later request of any front door uses the new settings, jobs keep those they began with.
   * Throws `repository_settings_invalid` and `illegal_argument_exception` for what can't be,
   * `repository_verification_exception` for a store that can't be used, `repository_in_use` for a change that running
   * jobs would not survive.
   */
  async put(request: RepositoryRequest): Promise<void> {
    const { name } = request;
    checkRepositoryName(name);
    const parsed = parseNewSettings(request.type, request.settings, this.policy);
    const registration: NewRegistration = {
      name,
      type: parsed.store.type,
      settings: parsed.shown,
      sealedSecrets: parsed.secrets === undefined ? undefined : this.sealer.seal(parsed.secrets),
    };
    const all = await this.ledgers.registrations();
    // Before anything large goes anywhere; the workflow that keeps them has the last word.
    checkBounds(registration, all);
    const before = all.find((one) => one.name === name);
    const jobs = before === undefined ? [] : await this.jobsOf(before, { ...registration, revision: 0 });
    if (before !== undefined && jobs.length > 0) this.refuseStranding(before, parsed, jobs);
    if (request.verify || jobs.length > 0) {
      try {
        await this.verify(registration, parsed.write.readonly);
      } catch (error) {
        if (jobs.length === 0 || isSnapkeepError(error, 'store_unavailable') || !(error instanceof SnapkeepError)) {
          throw error;
        }
        throw inUse(name, jobs, `settings that do not work: ${error.message}`, error);
      }
    }
    const left = before === undefined ? undefined : await this.places.findIfReadable(before);
    await this.ledgers.put(registration);
    await this.retire(left);
  }

  /** `GET /_snapshot/{repository}`: settings without secrets. Throws `repository_missing_exception`. */
  async show(parts: readonly string[]): Promise<JsonObject> {
    const registrations = await this.select(parts);
    return Object.fromEntries(registrations.map(({ name, type, settings }) => [name, { type, settings }]));
  }

  /**
   * Unregisters one repository, or those that a wildcard stands for; the data stays. A list is no name, as in the engines.
   * Throws `repository_missing_exception`, `repository_in_use`.
   */
  async delete(pattern: string): Promise<void> {
    const matches = matcher(pattern);
    const registrations = (await this.ledgers.registrations()).filter(({ name }) => matches(name));
    if (registrations.length === 0 && pattern !== '*') throw repositoryMissing(pattern);
    for (const registration of registrations) {
      const jobs = await this.jobsOf(registration);
      if (jobs.length > 0) throw inUse(registration.name, jobs, 'unregistering it');
    }
    for (const registration of registrations) {
      const left = await this.places.findIfReadable(registration);
      await this.ledgers.delete(registration.name);
      await this.retire(left);
    }
  }

  /** Lets the ledger of a place end, once nobody works there, if no registration leads to the place any more. */
  private async retire(left: JobRepository | undefined): Promise<void> {
    if (left === undefined) return;
    const inUse = await this.places.ofAll(await this.ledgers.registrations());
    if (!inUse.includes(left.place)) await this.ledgers.retire(left.place);
  }

  /** The registrations that an expression stands for, by name. Throws `repository_missing_exception`. */
  async select(parts: readonly string[]): Promise<Registration[]> {
    const all = await this.ledgers.registrations();
    const names = all.map(({ name }) => name).sort();
    const { selected, missing } = selectNames(parts, names);
    if (missing.length > 0) throw repositoryMissing(missing.join(', '));
    return selected.map((name) => all.find((one) => one.name === name) as Registration);
  }

  /**
   * The jobs that were accepted under this name. Where the store can't be read with the credentials it was registered
   * with, those of `next` are used; where that does not work either, nothing is known, and nothing may depend on it: a
   * registration that never worked must not stay for ever.
   */
  private async jobsOf(registration: Registration, next?: Registration): Promise<ShownJob[]> {
    const found =
      (await this.places.findIfReadable(registration)) ??
      (next !== undefined && isDeepStrictEqual(this.storeOf(registration), this.storeOf(next))
        ? await this.places.findIfReadable(next)
        : undefined);
    if (found === undefined) return [];
    return (await this.jobs.all(found.place)).filter((job) => job.repository === registration.name);
  }

  /** Throws `repository_in_use` for what would take the store from the jobs. Rates, compression and sizes may change. */
  private refuseStranding({ name, ...before }: Registration, now: RepositorySettings, jobs: readonly ShownJob[]): void {
    if (!isDeepStrictEqual(this.storeOf(before), now.store)) throw inUse(name, jobs, 'moving it to another store');
    if (now.write.readonly && jobs.some((job) => job.kind !== 'restore')) {
      throw inUse(name, jobs, 'making it readonly');
    }
  }

  /** Undefined where this process, configured otherwise, would not admit it. */
  private storeOf({
    type,
    settings,
  }: Pick<Registration, 'type' | 'settings'>): RepositorySettings['store'] | undefined {
    try {
      return parseShownSettings(type, settings, this.policy).store;
    } catch (error) {
      if (error instanceof SnapkeepError) return undefined;
      throw error;
    }
  }

  /**
   * Tries the store from here and from a worker, and makes sure that both mean the same one: the worker must see what
   * this process writes, and this process what the worker deletes; of a readonly one both must see the same root.
   */
  private async verify(registration: NewRegistration, readonly: boolean): Promise<void> {
    const { store, catalogue } = this.repositories.openOnce(registration);
    const token = randomBytes(16).toString('hex');
    const marker: StoreMarker | undefined = readonly ? undefined : { key: verifyKey(token), text: token };
    const here = <Result>(call: (signal: AbortSignal) => Promise<Result>): Promise<Result> =>
      withStoreDeadline(call, VERIFY_MS).catch((error: unknown) => {
        throw unverified(registration.name, error);
      });
    try {
      await here((signal) => store.checkUsable({ signal }));
      try {
        if (marker !== undefined) {
          await here((signal) => store.putIfAbsent(marker.key, Buffer.from(marker.text), { signal }));
        }
        const worker = await this.ledgers.verify({ registration, marker });
        const same =
          marker === undefined
            ? (await here((signal) => catalogue.readRoot({ signal }))).uuid === worker.rootUuid
            : await here((signal) => isMissing(store, marker.key, signal));
        if (!same) throw notTheSameStore(registration.name, store.description);
      } finally {
        if (marker !== undefined) {
          await withStoreDeadline((signal) => store.delete([marker.key], { signal }), VERIFY_MS).catch(() => undefined);
        }
      }
    } finally {
      await store.close();
    }
  }
}

async function isMissing(store: BlobStore, key: string, signal: AbortSignal): Promise<boolean> {
  try {
    await store.get(key, { signal, maxBytes: 1024 });
    return false;
  } catch (error) {
    if (isSnapkeepError(error, 'blob_missing')) return true;
    throw error;
  }
}

/** What the caller is told when this process can't use the store. */
function unverified(repository: string, error: unknown): unknown {
  if (!(error instanceof SnapkeepError) || error.code === 'store_unavailable') return error;
  return new SnapkeepError('repository_verification_exception', `[${repository}] ${error.message}`, {
    details: error.details,
    cause: error,
  });
}

/** Jobs named in one message. */
const JOBS_NAMED = 5;

function inUse(repository: string, jobs: readonly ShownJob[], change: string, cause?: unknown): SnapkeepError {
  const shown = jobs.slice(0, JOBS_NAMED).map((job) => `${job.kind} ${job.snapshot}`);
  if (jobs.length > JOBS_NAMED) shown.push(`${jobs.length - JOBS_NAMED} more`);
  return new SnapkeepError(
    'repository_in_use',
    `[${repository}] trying to modify or unregister repository that is currently used by [${shown.join('; ')}]: ` +
      `${change} has to wait until they have ended, or cancel them by deleting their snapshots`,
    { details: { repository }, cause },
  );
}
