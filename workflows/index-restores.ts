/** The list of indices that one workflow restores: all of a small restore, or those of one group. */
import { type Bounded, bounded, boundedSum, cutReason } from '../src/contracts/jobs/bounded';
import { type IndexRecovery } from '../src/contracts/jobs/recovery';
import {
  type IndexRestore,
  type LeftOut,
  type RestoreFailure,
  type RestoreSummary,
} from '../src/contracts/jobs/restore';
import { inWindow } from './in-window';
import { jobFailure, reasonOf } from './job-failures';
import { type RestoreInput, SingleIndexRestore } from './single-index-restore';
import { smallBatches, SmallIndexRestores } from './small-index-restores';

/** Indices of one workflow that are restored concurrently. */
const INDICES_AT_ONCE = 2;

/** The indices to restore, and the restore that they belong to. */
interface IndexRestoresInput extends RestoreInput {
  readonly indices: readonly IndexRestore[];
}

/** Restores a list of indices; one can be stopped while the others go on. */
export class IndexRestores {
  private readonly restores: readonly SingleIndexRestore[];
  /** The restores that share steps, and those that do not. */
  private readonly together: readonly SmallIndexRestores[];
  private readonly alone: readonly SingleIndexRestore[];
  private readonly leftOut: Bounded<LeftOut>[] = [];
  private readonly failures: RestoreFailure[] = [];

  /** @param now the workflow's clock. */
  constructor({ indices, ...input }: IndexRestoresInput, now: () => number = Date.now) {
    const receivers = {
      onFailure: (failure: RestoreFailure) => void this.failures.push(failure),
      onLeftOut: (leftOut: Bounded<LeftOut>) => void this.leftOut.push(leftOut),
    };
    this.restores = indices.map((index) => new SingleIndexRestore(input, index, receivers, now));
    const batches = smallBatches(this.restores);
    this.together = batches.map((batch) => new SmallIndexRestores(input, batch, receivers.onLeftOut));
    const inBatch = new Set(batches.flat());
    this.alone = this.restores.filter((restore) => !inBatch.has(restore));
  }

  /** The indices as they are now, in the order of the list. */
  get recoveries(): IndexRecovery[] {
    return this.restores.map((restore) => restore.recovery);
  }

  /** Restores every index. An index that fails is deleted again and reported; the others go on. */
  run(): Promise<void> {
    return inWindow([...this.together, ...this.alone], INDICES_AT_ONCE, (restore) => restore.run());
  }

  /** Stops the restore of one index and deletes what it wrote. Does nothing when the list does not hold the index. */
  stop(target: string): void {
    for (const restore of this.restores) if (restore.target === target) restore.stop();
    for (const batch of this.together) batch.stop(target);
  }

  /** Returns the counts and reasons of the indices that are done, failed or stopped by now. */
  summary(): RestoreSummary {
    const { recoveries } = this;
    const done = recoveries.filter((one) => one.state === 'DONE');
    const failed = recoveries.filter((one) => one.state === 'FAILED' || one.state === 'CANCELLED');
    const shards = (of: readonly IndexRecovery[]): number => of.reduce((sum, one) => sum + one.shards.length, 0);
    return {
      indices: { done: done.length, failed: failed.length },
      shards: { total: shards(done) + shards(failed), failed: shards(failed) },
      documents: done.flatMap((one) => one.shards).reduce((sum, shard) => sum + shard.recoveredDocuments, 0),
      restored: done.map((one) => one.target),
      failures: bounded(this.failures),
      leftOut: boundedSum(this.leftOut),
    };
  }
}

/** Returns the summary of indices that failed as a whole: each of them counts as failed, with the same reason. */
export function allFailed(error: unknown, labels: readonly string[], shards: number): RestoreSummary {
  const reason = cutReason(reasonOf(jobFailure(error)));
  return {
    indices: { done: 0, failed: labels.length },
    shards: { total: shards, failed: shards },
    documents: 0,
    restored: [],
    failures: bounded(labels.map((index) => ({ index, reason }))),
    leftOut: bounded<LeftOut>([]),
  };
}
