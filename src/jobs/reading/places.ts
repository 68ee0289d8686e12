import { LRUCache } from 'lru-cache';
import { SnapkeepError } from '../../contracts/errors';
import { type JobRepository } from '../../contracts/jobs/job';
import { type Registration } from '../../contracts/registration';
import { type RepositoryReader } from './repository-reader';
import { withStoreDeadline } from './store-deadline';

/** Registrations whose place is remembered; it changes only when the repository is replaced. */
const PLACES_KEPT = 1_000;
/** Of a readonly repository in which nobody has written yet: nothing can work on it. */
const NO_PLACE = 'none';
/** Ms a store may take when others wait for it, and ms for which one that took longer is left out. */
const SOON_MS = 1_000;
const SILENT_MS = 10_000;
/** Ms between two lines in the log about the same repository. */
const WARN_AGAIN_MS = 60_000;

/** Finds out which place a registration leads to: the uuid of the root that lies there. */
export class Places {
  private readonly known = new LRUCache<string, string>({ max: PLACES_KEPT });
  private readonly silent = new LRUCache<string, true>({ max: PLACES_KEPT, ttl: SILENT_MS });
  private readonly warned = new LRUCache<string, true>({ max: PLACES_KEPT, ttl: WARN_AGAIN_MS });

  constructor(
    private readonly reader: RepositoryReader,
    private readonly warn: (message: string) => void,
  ) {}

  /**
   * Binds a registration to its place for a job. The first root is committed where there is none, unless the repository
   * is readonly. Throws what the store throws.
   */
  async bind(registration: Registration): Promise<JobRepository> {
    const found = await this.find(registration);
    if (found !== undefined) return found;
    if (this.reader.isReadonly(registration)) return { ...registration, place: NO_PLACE };
    return this.keep(registration, await this.reader.initRoot(registration));
  }

  /** Writes nothing. Undefined where no root is: nobody can have worked there. Throws what the store throws. */
  async find(registration: Registration): Promise<JobRepository | undefined> {
    const known = this.known.get(keyOf(registration));
    if (known !== undefined) return { ...registration, place: known };
    const { uuid } = await this.reader.readRoot(registration);
    return uuid === '' ? undefined : this.keep(registration, uuid);
  }

  /** As {@link find}, for what must not depend on one store: undefined, and a line in the log, where that can't be read. */
  async findIfReadable(registration: Registration): Promise<JobRepository | undefined> {
    try {
      return await this.find(registration);
    } catch (error) {
      return this.unreadable(registration, error);
    }
  }

  /**
   * The places of the registrations, each once, for what is about all of them: stores that do not answer soon are left
   * out for a while, so that none of them makes the others wait.
   */
  async ofAll(registrations: readonly Registration[]): Promise<string[]> {
    const found = await Promise.all(
      registrations.map(async (registration) => {
        const key = keyOf(registration);
        if (this.silent.has(key)) return undefined;
        const place = await withStoreDeadline(() => this.find(registration), SOON_MS).catch((error: unknown) =>
          this.unreadable(registration, error),
        );
        return place?.place;
      }),
    );
    return [...new Set(found.filter((place) => place !== undefined))];
  }

  /** Remembers the place of a root that was just read. Returns false when another one was known until now. */
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
