import { ApplicationFailure, CancellationScope, log } from '@temporalio/workflow';
import {
  addCalls,
  type AnalysisOutcome,
  type AnalyzeInput,
  type CallSums,
  NO_CALLS,
} from '../src/contracts/jobs/analysis';
import { reasonOf } from './job-failures';
import { runJob, showState } from './job-shell';
import { controlActivities, workerActivities } from './profiles';

/** Time that a step has to stop after the time of the analysis is over, ms. */
const STOP_MS = 20_000;
/** Bounds the deletion of what an analysis that failed wrote. */
const CLEAN_BOUNDS = { retryWindowMs: 60_000 };

/**
 * Analyses a store from all given workers together: each writes its share of the blobs, others read it, all compete for
 * the same keys, everything is deleted, and all look whether it is gone. Returns what that took. Whatever happens, it
 * deletes what it wrote.
 *
 * Throws `repository_verification_exception` that names the promise which the store broke, or says that the time was
 * over; and the failure of a step.
 */
export async function analyzeRepositoryWorkflow(input: AnalyzeInput): Promise<AnalysisOutcome> {
  const { registration, blobs, options, timeoutMs } = input;
  return runJob({
    run: async (acceptance) => {
      acceptance.accept();
      const work = new CancellationScope({ cancellable: true, timeout: timeoutMs });
      let outcome: AnalysisOutcome;
      try {
        outcome = await work.run(() => analyze(input));
      } catch (error) {
        // Steps that are cancelled because the time is over may end in any way.
        if (!work.consideredCancelled || CancellationScope.current().consideredCancelled) throw error;
        throw timedOut(input);
      }
      showState(options, 'SUCCESS');
      return outcome;
    },
    giveUp: async (error) => {
      log.warn('analysis failed', { repository: registration.name, reason: reasonOf(error) });
      try {
        await controlActivities(CLEAN_BOUNDS, 'delete what was written').deleteBlobs({ registration, blobs });
      } catch (failure) {
        log.error('blobs of an analysis could not be deleted', {
          repository: registration.name,
          token: blobs.token,
          reason: reasonOf(failure),
        });
      }
      return undefined;
    },
  });
}

async function analyze(input: AnalyzeInput): Promise<AnalysisOutcome> {
  const { registration, blobs, workerQueues, readers, contendedKeys: keys, timeoutMs } = input;
  const of = workerQueues.length;
  const concurrency = Math.max(1, Math.floor(input.concurrency / of));
  const partOf = (part: number) => ({ registration, blobs, part, of, concurrency });
  const inAll = <Result>(
    summary: string,
    step: (worker: ReturnType<typeof workerActivities>, number: number) => Promise<Result>,
  ): Promise<Result[]> =>
    allEnded(workerQueues.map((queue, number) => step(workerActivities(queue, summary, timeoutMs + STOP_MS), number)));

  const writes = await inAll('write and list', (worker, number) => worker.writeBlobs(partOf(number)));
  const reads: CallSums[] = [];
  // Each round every worker reads the share of another one; the last round, its own.
  for (let round = 1; round <= Math.min(readers, of); round++) {
    reads.push(...(await inAll('read', (worker, number) => worker.readBlobs(partOf((number + round) % of)))));
  }
  const won = await inAll('compete for the same keys', (worker, number) => worker.contend({ ...partOf(number), keys }));
  const kept = await inAll('read the winners', (worker, number) => worker.readContended({ ...partOf(number), keys }));
  checkWinners(input, won, kept);
  const { listMillis, deleteMillis } = await controlActivities(CLEAN_BOUNDS, 'delete').deleteBlobs({
    registration,
    blobs,
  });
  await inAll('see that all is deleted', (worker, number) => worker.checkDeleted(partOf(number)));
  return { writes: sumOf(writes), reads: sumOf(reads), listMillis, deleteMillis };
}

/** Returns all results when all have ended: after a failure, too, none may go on writing. Throws the first failure. */
async function allEnded<Result>(results: readonly Promise<Result>[]): Promise<Result[]> {
  await Promise.allSettled(results);
  return Promise.all(results);
}

/** Throws unless exactly one of the puts of each key won, and all workers read what it wrote. */
function checkWinners(
  { registration, contendedKeys }: AnalyzeInput,
  won: readonly (readonly number[])[],
  kept: readonly (readonly string[])[],
): void {
  for (let key = 0; key < contendedKeys; key++) {
    const winners = won.reduce((sum, counts) => sum + (counts[key] ?? 0), 0);
    const contents = new Set(kept.map((texts) => texts[key]));
    if (winners === 1 && contents.size === 1) continue;
    const how =
      winners === 1 ? `workers read [${contents.size}] different contents of it` : `[${winners}] of them succeeded`;
    throw failed(
      `[${registration.name}] analysis failed, the store breaks its promise [put if absent]: of many concurrent puts of ` +
        `one key exactly one must succeed, and ${how}; it can't hold snapshots safely`,
    );
  }
}

function timedOut({ registration, timeoutMs }: AnalyzeInput): ApplicationFailure {
  return failed(
    `[${registration.name}] analysis failed: it did not end within [${timeoutMs / 1000}s]; give it a longer [timeout], or fewer and smaller blobs`,
  );
}

function failed(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'repository_verification_exception');
}

function sumOf(calls: readonly CallSums[]): CallSums {
  return calls.reduce(addCalls, NO_CALLS);
}
