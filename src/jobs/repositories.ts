import { isDeepStrictEqual } from 'node:util';
import { SnapkeepError } from '../contracts/errors';
import { type Registration } from '../contracts/registration';
import { type StoreSettings } from '../contracts/repository-settings';
import { type OpenRepositories } from '../registrations/open-repositories';
import { parseRepositorySettings, type ParsedSettings, type StorePolicy } from '../registrations/parse-settings';
import { type Sealer } from '../registrations/sealer';
import { type Ledgers, repositoryMissing } from './ledgers';
import { checkRepositoryName } from './names';
import { type Places } from './places';
import { type JsonObject } from './raw-json';
import { inTime } from './reading';
import { type RunningJobs } from './running-jobs';
import { selectNames } from './select-names';

/** A registration as it was asked for. */
export interface RepositoryRequest {
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
   * Registers or replaces. Throws `repository_settings_invalid` and `illegal_argument_exception` for what it can't be,
   * `repository_verification_exception` for a store that can't be used, `repository_in_use` when jobs run on another
   * store under this name; new credentials alone may be given at any time.
   */
  async put(request: RepositoryRequest): Promise<void> {
    const { name } = request;
    checkRepositoryName(name);
    const parsed = parseRepositorySettings(request.type, request.settings, this.policy);
    const before = (await this.ledgers.registrations()).find((one) => one.name === name);
    if (before !== undefined && !this.isSameStore(before, parsed)) await this.refuseInUse(before);
    const registration = {
      name,
      type: parsed.store.type,
      settings: parsed.shown,
      sealedSecrets: parsed.secrets === undefined ? undefined : this.sealer.seal(parsed.secrets),
    };
    if (request.verify) await this.tryStore(registration);
    await this.ledgers.put({ registration, verify: request.verify });
  }

  /** `GET /_snapshot/{repository}`: settings without secrets. Throws `repository_missing_exception`. */
  async show(parts: readonly string[]): Promise<JsonObject> {
    const registrations = await this.select(parts);
    return Object.fromEntries(registrations.map(({ name, type, settings }) => [name, { type, settings }]));
  }

  /** Unregisters; the data stays. Throws `repository_missing_exception`, `repository_in_use`. */
  async delete(parts: readonly string[]): Promise<void> {
    const registrations = await this.select(parts);
    for (const registration of registrations) await this.refuseInUse(registration);
    for (const { name } of registrations) await this.ledgers.delete(name);
  }

  /** The registrations that an expression stands for, by name. Throws `repository_missing_exception`. */
  async select(parts: readonly string[]): Promise<Registration[]> {
    const all = await this.ledgers.registrations();
    const names = all.map(({ name }) => name).sort();
    const { selected, missing } = selectNames(parts, names);
    if (missing.length > 0) throw repositoryMissing(missing.join(','));
    return selected.map((name) => all.find((one) => one.name === name) as Registration);
  }

  private async refuseInUse(registration: Registration): Promise<void> {
    const { name } = registration;
    const running = await this.jobs.all(await this.places.bind(registration));
    if (running.length === 0) return;
    const shown = running.slice(0, 5).map((job) => `${job.kind} ${job.snapshot}`);
    throw new SnapkeepError(
      'repository_in_use',
      `[${name}] trying to modify or unregister repository that is currently used by [${shown.join('; ')}]`,
      { details: { repository: name } },
    );
  }

  private isSameStore(before: Registration, now: ParsedSettings): boolean {
    return isDeepStrictEqual(this.storeOf(before), now.store);
  }

  /** Undefined where this process, configured otherwise, would not admit it. */
  private storeOf({ type, settings }: Registration): StoreSettings | undefined {
    // Credentials say nothing about where a store is; the parser wants some all the same.
    const credentials = type === 'oss' ? { access_key_id: 'hidden', secret_access_key: 'hidden' } : {};
    try {
      return parseRepositorySettings(type, { ...settings, ...credentials }, this.policy).store;
    } catch (error) {
      if (error instanceof SnapkeepError) return undefined;
      throw error;
    }
  }

  /** A store this process can't reach is told at once; the workers try it again, each for itself. */
  private async tryStore(registration: Omit<Registration, 'revision'>): Promise<void> {
    const { store } = this.repositories.openOnce(registration);
    try {
      await inTime((signal) => store.checkUsable({ signal }), VERIFY_MS);
    } catch (error) {
      if (!(error instanceof SnapkeepError) || error.code === 'store_unavailable') throw error;
      throw new SnapkeepError('repository_verification_exception', `[${registration.name}] ${error.message}`, {
        details: error.details,
        cause: error,
      });
    } finally {
      await store.close();
    }
  }
}
