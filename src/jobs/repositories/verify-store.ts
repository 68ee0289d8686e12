/**
 * Checks a store from this process and from every worker, and checks that all see the same one. A worker must see what
 * this process writes, and this process must see what the worker deletes. In a readonly repository all must see the
 * same root.
 */
import { randomBytes } from 'node:crypto';
import { type BlobStore } from '../../blobs/contract/blob-store';
import { notTheSameStore } from '../../contracts/common-errors';
import { ERROR_TABLE, isSnapkeepError, SnapkeepError } from '../../contracts/errors';
import { type NewRegistration, type StoreMarker, type VerifiedStore } from '../../contracts/registration';
import { workerQueue } from '../../contracts/worker-queue';
import { type OpenRepositories, type OpenRepository } from '../../registrations/open-repositories';
import { verifyKey } from '../../repository/format/keys';
import { withStoreDeadline } from '../reading/store-deadline';
import { type PollingWorkers } from './polling-workers';
import { type RegistrationsClient } from './registrations-client';

/** Ms that each call of the store may take. */
const CALL_MS = 4_000;

/** Verifies stores. */
export class StoreVerifier {
  constructor(
    private readonly repositories: OpenRepositories,
    private readonly registrations: RegistrationsClient,
    private readonly workers: PollingWorkers,
    private readonly taskQueue: string,
  ) {}

  /**
   * Verifies the store of a registration from this process and from every worker that polls, at least one. Returns the
   * identities of the workers. Leaves nothing behind.
   *
   * Throws `repository_verification_exception` that says who can't use the store; `store_unavailable` when it does not
   * answer; `worker_unavailable` when no worker answers.
   */
  async verify(registration: NewRegistration): Promise<string[]> {
    const opened = this.repositories.openOnce(registration);
    try {
      const { name } = registration;
      await here(name, (signal) => opened.store.checkUsable({ signal }));
      const queues = (await this.workers.list()).map((identity) => workerQueue(this.taskQueue, identity));
      const answers = await Promise.all(queues.map((queue) => this.verifyFrom(registration, opened, queue)));
      const polling = answers.filter((answer) => answer !== undefined);
      // Without an answer from the queues of their own, the shared queue tells whether there is any worker at all.
      if (polling.length === 0) polling.push((await this.verifyFrom(registration, opened, undefined)) as VerifiedStore);
      return polling.map(({ worker }) => worker);
    } finally {
      await opened.store.close();
    }
  }

  /** Verifies from one worker; from any if `queue` is unset. Returns undefined if that worker does not poll. */
  private async verifyFrom(
    registration: NewRegistration,
    { store, catalogue, write }: OpenRepository,
    queue: string | undefined,
  ): Promise<VerifiedStore | undefined> {
    const { name } = registration;
    const token = randomBytes(16).toString('hex');
    const marker: StoreMarker | undefined = write.readonly ? undefined : { key: verifyKey(token), text: token };
    try {
      if (marker !== undefined) {
        await here(name, (signal) => store.putIfAbsent(marker.key, Buffer.from(marker.text), { signal }));
      }
      const call = { registration, marker, workerQueue: queue };
      const worker = await this.registrations.verify(call).catch((error: unknown) => {
        throw unverified(name, queue === undefined ? 'a worker' : `worker [${queue}]`, error);
      });
      if (worker === undefined) return undefined;
      const same =
        marker === undefined
          ? (await here(name, (signal) => catalogue.readRoot({ signal }))).uuid === worker.rootUuid
          : await here(name, (signal) => isMissing(store, marker.key, signal));
      if (!same) throw notTheSameStore(name, `worker [${worker.worker}]`, store.description);
      return worker;
    } finally {
      if (marker !== undefined) {
        await withStoreDeadline((signal) => store.delete([marker.key], { signal }), CALL_MS).catch(() => undefined);
      }
    }
  }
}

/** Calls the store from this process. */
async function here<Result>(repository: string, call: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  try {
    return await withStoreDeadline(call, CALL_MS);
  } catch (error) {
    throw unverified(repository, 'the front door', error);
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

/**
 * Returns the error for a store that `who` can't use. A store that does not answer, and a part of Snapkeep that is
 * down, keep their own error.
 */
function unverified(repository: string, who: string, error: unknown): unknown {
  if (!(error instanceof SnapkeepError) || error.code === 'store_unavailable') return error;
  if (ERROR_TABLE[error.code].scope === 'service') return error;
  const message = error.message.replace(`[${repository}] `, '');
  return new SnapkeepError('repository_verification_exception', `[${repository}] ${who}: ${message}`, {
    details: error.details,
    cause: error,
  });
}
