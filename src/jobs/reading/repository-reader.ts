import { Coalescer } from '../../concurrency/coalescer';
import { type Registration } from '../../contracts/registration';
import { type OpenRepositories } from '../../registrations/open-repositories';
import { type Catalogue } from '../../repository/catalogue/catalogue';
import { initRoot } from '../../repository/catalogue/init-root';
import { type Root } from '../../repository/format/format';
import { withStoreDeadline } from './store-deadline';

/** Ms that the object store may take to answer a caller's question. */
const READ_MS = 4_000;

/** Reads repositories directly from their stores. No worker takes part, so no payload limit applies. */
export class RepositoryReader {
  private readonly shared = new Coalescer();

  constructor(private readonly repositories: OpenRepositories) {}

  /**
   * Reads from the catalogue. Throws `store_unavailable` when the store does not answer in time, and the store's
   * errors.
   */
  async read<Result>(
    registration: Registration,
    question: (catalogue: Catalogue, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { catalogue } = this.repositories.open(registration);
    return withStoreDeadline((signal) => question(catalogue, signal), READ_MS);
  }

  /** Returns the present root. Concurrent callers share one read. Throws as {@link read} does. */
  async readRoot(registration: Registration): Promise<Root> {
    return this.shared.ask(JSON.stringify(registration), () =>
      this.read(registration, (catalogue, signal) => catalogue.readRoot({ signal })),
    );
  }

  /** Commits the first root if there is none, and returns the uuid of the root. Throws as {@link read} does. */
  async initRoot(registration: Registration): Promise<string> {
    const root = await this.read(registration, (catalogue, signal) => initRoot(catalogue, { signal }));
    return root.uuid;
  }

  /** Returns whether the repository is registered with `readonly`. */
  isReadonly(registration: Registration): boolean {
    return this.repositories.open(registration).write.readonly;
  }

  /** Returns a check that throws when the store does not answer. */
  check(registration: Registration): () => Promise<unknown> {
    return () => this.readRoot(registration);
  }
}
