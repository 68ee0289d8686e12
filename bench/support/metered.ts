import { type Bench } from './bench';
import { processorSeconds } from './processor';
import { type Reading } from './results';

/** The contender that the worker works for. */
export const SNAPKEEP = 'Snapkeep';

/**
 * Runs `work` and adds to what it measured the processor seconds of the engine meanwhile, and those of the worker if
 * the contender is Snapkeep.
 */
export async function metered(
  { engine, snapkeep }: Bench,
  contender: string,
  work: () => Promise<Reading>,
): Promise<Reading> {
  const worker = contender === SNAPKEEP ? snapkeep?.workerPid() : undefined;
  const [workerBefore, engineBefore] = [worker, engine.pid].map(secondsOf);
  const reading = await work();
  const [workerAfter, engineAfter] = [worker, engine.pid].map(secondsOf);
  return {
    ...reading,
    engineSeconds: engineAfter! - engineBefore!,
    ...(worker === undefined ? {} : { workerSeconds: workerAfter! - workerBefore! }),
  };
}

function secondsOf(pid: number | undefined): number | undefined {
  return pid === undefined ? undefined : processorSeconds(pid);
}
