import { Coalescer } from '../../concurrency/coalescer';
import { SnapkeepError } from '../../contracts/errors';
import { type Registration } from '../../contracts/registration';
import { type OpenRepositories } from '../../registrations/open-repositories';
import { type Catalogue } from '../../repository/catalogue/catalogue';
import { initRoot } from '../../repository/catalogue/init-root';
import { type Root } from '../../repository/format/format';

/** Ms the object store may take to answer a question that somebody waits for. */
const READ_MS = 4_000;

/** Reads repositories straight from their stores: no worker takes part, and no payload limit applies. */
export class RepositoryReader {
  private readonly shared = new Coalescer();

  constructor(private readonly repositories: OpenRepositories) {}

  /** Throws `store_unavailable` when the store gives no answer in time, and what the store throws. */
  async read<Result>(
    registration: Registration,
    question: (catalogue: Catalogue, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { catalogue } = this.repositories.open(registration);
    return inTime((signal) => question(catalogue, signal), READ_MS);
  }

  /** The present root; callers that ask at the same time share one read. Throws as {@link read}. */
  async readRoot(registration: Registration): Promise<Root> {
    const { catalogue } = this.repositories.open(registration);
    return this.shared.ask(JSON.stringify(registration), () =>
      inTime((signal) => catalogue.readRoot({ signal }), READ_MS),
    );
  }

  /** Commits the first root where there is none and returns the uuid of the root. Throws as {@link read}. */
  async initRoot(registration: Registration): Promise<string> {
    const root = await this.read(registration, (catalogue, signal) => initRoot(catalogue, { signal }));
    return root.uuid;
  }

  isReadonly(registration: Registration): boolean {
    return this.repositories.open(registration).write.readonly;
  }

  /** Throws when the store does not answer. For `Patience`. */
  check(registration: Registration): () => Promise<unknown> {
    return () => this.readRoot(registration);
  }
}

/** Ends `call` after `ms` with `store_unavailable`, even if it does not heed its signal. */
export async function inTime<Result>(call: (signal: AbortSignal) => Promise<Result>, ms: number): Promise<Result> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = storeSilent(new Error(`no answer within ${ms} ms`));
      reject(error);
      abort.abort(error);
    }, ms);
  });
  try {
    return await Promise.race([call(abort.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What is told when the object store gave no answer in time. */
function storeSilent(cause: unknown): SnapkeepError {
  return new SnapkeepError('store_unavailable', 'the object store of the repository does not answer; ask again later', {
    cause,
  });
}
