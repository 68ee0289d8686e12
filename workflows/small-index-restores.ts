/** The restore of several small indices by common steps: steps and requests of their own cost more than the work. */
import { CancellationScope, isCancellation, log } from '@temporalio/workflow';
import { type Bounded } from '../src/contracts/jobs/bounded';
import { type LeftOut, type PreparedIndex } from '../src/contracts/jobs/restore';
import { inWindow } from './in-window';
import { reasonOf } from './job-failures';
import { controlActivities, dataActivities } from './profiles';
import { type RestoreInput, type SingleIndexRestore } from './single-index-restore';

/** An index of at most this many stored bytes and shards shares the steps of others. */
const SMALL_BYTES = 4 * 1024 * 1024;
const SMALL_SHARDS = 5;
/** Most indices and stored bytes of common steps: a crash of the worker may repeat one index of each lane. */
const BATCH_INDICES = 50;
const BATCH_BYTES = 64 * 1024 * 1024;
/** Indices that common steps could not restore and that are restored concurrently by their own steps. */
const LEFT_AT_ONCE = 2;

/** Returns the small ones of the restores, in batches of at least two that can share steps. */
export function smallBatches(restores: readonly SingleIndexRestore[]): SingleIndexRestore[][] {
  const batches: SingleIndexRestore[][] = [];
  let bytes = 0;
  for (const restore of restores) {
    const { bytes: own, shards } = restore.plan;
    if (own > SMALL_BYTES || shards > SMALL_SHARDS) continue;
    const last = batches.at(-1);
    bytes += own;
    if (last === undefined || last.length >= BATCH_INDICES || bytes > BATCH_BYTES) {
      batches.push([restore]);
      bytes = own;
    } else last.push(restore);
  }
  return batches.filter((batch) => batch.length > 1);
}

/** Restores small indices by common steps, and those that these leave by steps of their own. */
export class SmallIndexRestores {
  private scope: CancellationScope | undefined;

  constructor(
    private readonly input: RestoreInput,
    private readonly restores: readonly SingleIndexRestore[],
    private readonly onLeftOut: (leftOut: Bounded<LeftOut>) => void,
  ) {}

  /**
   * Restores the indices. One that fails is deleted again and reported by its own restore; the others go on. Throws
   * only the cancellation of the whole restore, after the unfinished indices were deleted.
   */
  async run(): Promise<void> {
    try {
      await this.together();
      await inWindow(this.unended(), LEFT_AT_ONCE, (restore) => restore.run());
    } catch (error) {
      // The common steps may have created any of them; the restores see that they are cancelled, and undo it.
      await Promise.allSettled(this.unended().map((restore) => restore.run()));
      throw error;
    }
  }

  /** Gives up the common steps if one of their indices was stopped: the others go on by their own steps. */
  stop(target: string): void {
    if (this.restores.some((restore) => restore.target === target)) this.scope?.cancel();
  }

  private async together(): Promise<void> {
    const outer = CancellationScope.current();
    const scope = new CancellationScope();
    this.scope = scope;
    try {
      await scope.run(() => this.steps());
    } catch (error) {
      if (outer.consideredCancelled) throw error;
      const reason = isCancellation(error) ? 'an index was stopped' : reasonOf(error);
      log.warn('small indices are restored one by one', { reason });
    } finally {
      this.scope = undefined;
    }
  }

  private async steps(): Promise<void> {
    const restores = this.unended().filter((restore) => !restore.isStopped);
    if (restores.length === 0) return;
    const { repository, snapshot, id, manifest, request, options } = this.input;
    const job = { repository, snapshot, id, manifest };
    const label = `${restores.length} small indices`;
    const control = controlActivities(options, label);
    for (const restore of restores) restore.begun();

    const prepared = await control.prepareIndices({ ...job, request, indices: restores.map(({ plan }) => plan) });
    if (prepared.leftOut.total > 0) this.onLeftOut(prepared.leftOut);
    const created = restores.flatMap((restore, i) => {
      const index = prepared.indices[i];
      return index == null ? [] : [{ restore, index }];
    });
    for (const { restore, index } of created) restore.created(index);
    if (created.length === 0) return;

    const written = await dataActivities(options, label).loadIndices({
      ...job,
      options,
      indices: created.map(({ restore }) => restore.plan),
      prepared: created.map(({ index }) => index),
    });
    const loaded = created.filter((_, i) => written[i] === true);
    for (const { restore } of loaded) restore.loaded();
    if (loaded.length === 0) return;

    const finished = await control.finishIndices({
      ...job,
      request,
      indices: loaded.map(({ restore }) => restore.plan),
      uuids: loaded.map(({ index }: { index: Pick<PreparedIndex, 'uuid'> }) => index.uuid),
    });
    for (const [i, { restore }] of loaded.entries()) if (finished[i] === true) restore.finished();
  }

  private unended(): SingleIndexRestore[] {
    return this.restores.filter((restore) => !restore.isEnded);
  }
}
