import { LRUCache } from 'lru-cache';
import { SnapkeepError } from '../../contracts/errors';
import { type JobRepository } from '../../contracts/jobs/job';
import { type Registration } from '../../contracts/registration';
import { type RepositoryReader } from './repository-reader';
import { withStoreDeadline } from './store-deadline';

/** Registrations whose place is cached; it changes only when the repository is replaced. */
const PLACES_KEPT = 1_000;
/** Place of a readonly repository without a root. It has no snapshots, so its jobs can't conflict. */
const NO_PLACE = 'none';
/** Ms that one store may take in a call about all repositories, and ms for which a slower one is then left out. */
const SOON_MS = 1_000;
const SILENT_MS = 10_000;
/** Ms between two log lines about the same repository. */
const WARN_AGAIN_MS = 60_000;

/** Finds the place that a registration leads to, which is identified by the uuid of its root. */
export class Places {
  private readonly known = new LRUCache<string, string>({ max: PLACES_KEPT });
  private readonly silent = new LRUCache<string, true>({ max: PLACES_KEPT, ttl: SILENT_MS });
  private readonly warned = new LRUCache<string, true>({ max: PLACES_KEPT, ttl: WARN_AGAIN_MS });

  constructor(
    private readonly reader: RepositoryReader,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Binds a registration to its place for a job. Commits the first root if there is none, unless the repository is
   * readonly. Throws the store's errors.
   */
  async bind(registration: Registration): Promise<JobRepository> {
    const found = await this.find(registration);
    if (found !== undefined) return found;
    if (this.reader.isReadonly(registration)) return { ...registration, place: NO_PLACE };
    return this.keep(registration, await this.reader.initRoot(registration));
  }

  /**
   * Finds the place without writing. Returns undefined if there is no root, so no job ran there. Throws the store's
   * errors.
   */
  async find(registration: Registration): Promise<JobRepository | undefined> {
    const known = this.known.get(keyOf(registration));
    if (known !== undefined) return { ...registration, place: known };
    const { uuid } = await this.reader.readRoot(registration);
    return uuid === '' ? undefined : this.keep(registration, uuid);
  }

  /** Finds the place, for callers that must not depend on one store. Returns undefined and logs if it can't be read. */
  async findIfReadable(registration: Registration): Promise<JobRepository | undefined> {
    try {
      return await this.find(registration);
    } catch (error) {
      return this.unreadable(registration, error);
    }
  }

  /**
   * Returns the places of the registrations, each once, for calls about all repositories. A store that does not answer
   * within a second is left out for ten seconds, so that it does not delay the others again.
   */
  async ofAll(registrations: readonly Registration[]): Promise<string[]> {
    const found = await Promise.all(registrations.map((registration) => this.soon(registration)));
    return [...new Set(found.filter((place) => place !== undefined))];
  }

  /**
   * Returns the place of one registration, for calls about all repositories. Returns undefined if there is no root, or
   * the store does not answer within a second, or did not within the last ten.
   */
  async soon(registration: Registration): Promise<string | undefined> {
    if (this.silent.has(keyOf(registration))) return undefined;
    const found = await withStoreDeadline(() => this.find(registration), SOON_MS).catch((error: unknown) =>
      this.unreadable(registration, error),
    );
    return found?.place;
  }

  /** Caches the place of a root that was just read. Returns false if another place was cached. */
  confirm(registration: Registration, rootUuid: string): boolean {
    const known = this.known.get(keyOf(registration));
    this.keep(registration, rootUuid);
    return known === undefined || known === rootUuid;
  }

  private unreadable(registration: Registration, error: unknown): undefined {
    if (!(error instanceof SnapkeepError)) throw error;
    const { name } = registration;
    if (!this.warned.has(name)) {
      this.warn(`repository [${name}] can't be read, its jobs are not known: ${error.message}`);
    }
    this.warned.set(name, true);
    this.silent.set(keyOf(registration), true);
  }

  private keep(registration: Registration, place: string): JobRepository {
    this.known.set(keyOf(registration), place);
    return { ...registration, place };
  }
}

function keyOf({ name, revision, type, settings }: Registration): string {
  return JSON.stringify([name, revision, type, settings]);
}
