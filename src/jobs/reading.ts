import { SnapkeepError } from '../contracts/errors';
import { type Registration } from '../contracts/registration';
import { type OpenRepositories } from '../registrations/open-repositories';
import { type Catalogue } from '../repository/catalogue';

/** Ms the object store may take to answer a question that somebody waits for. */
const READ_MS = 4_000;

/** Reads repositories straight from their stores: no worker takes part, and no payload limit applies. */
export class RepositoryReader {
  constructor(private readonly repositories: OpenRepositories) {}

  /** Throws `store_unavailable` when the store gives no answer in time, and what the store throws. */
  async read<Result>(
    registration: Registration,
    question: (catalogue: Catalogue, signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { catalogue } = this.repositories.open(registration);
    return inTime((signal) => question(catalogue, signal), READ_MS);
  }

  /** Throws when the store does not answer. For `Patience`. */
  check(registration: Registration): (signal: AbortSignal) => Promise<unknown> {
    return (signal) => this.repositories.open(registration).catalogue.readRoot({ signal });
  }
}

/** Ends `call` after `ms` with `store_unavailable`. */
export async function inTime<Result>(call: (signal: AbortSignal) => Promise<Result>, ms: number): Promise<Result> {
  const signal = AbortSignal.timeout(ms);
  try {
    return await call(signal);
  } catch (error) {
    if (signal.aborted && !(error instanceof SnapkeepError)) throw storeSilent(error);
    throw error;
  }
}

/** What is told when the object store gave no answer in time. */
export function storeSilent(cause: unknown): SnapkeepError {
  return new SnapkeepError('store_unavailable', 'the object store of the repository does not answer; ask again later', {
    cause,
  });
}
