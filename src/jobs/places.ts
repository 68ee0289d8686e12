import { LRUCache } from 'lru-cache';
import { type JobRepository } from '../contracts/jobs';
import { type Registration } from '../contracts/registration';
import { initRoot } from '../repository/init-root';
import { type RepositoryReader } from './reading';

/** Registrations whose place is remembered; it changes only when the repository is replaced. */
const PLACES_KEPT = 1_000;

/** Finds out which place a registration leads to: the uuid of the root that lies there. */
export class Places {
  private readonly known = new LRUCache<string, string>({ max: PLACES_KEPT });

  constructor(private readonly reader: RepositoryReader) {}

  /** Binds a registration to its place, whose first root is committed where there is none. Throws what the store throws. */
  async bind(registration: Registration): Promise<JobRepository> {
    const key = `${registration.revision} ${registration.name}`;
    const place = this.known.get(key) ?? (await this.read(registration));
    this.known.set(key, place);
    return { ...registration, place };
  }

  private async read(registration: Registration): Promise<string> {
    const root = await this.reader.read(registration, (catalogue, signal) => initRoot(catalogue, { signal }));
    return root.uuid;
  }
}
