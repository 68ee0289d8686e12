import { setTimeout as sleep } from 'node:timers/promises';
import { bold, bytes, millis, percent, say } from './console';
import { startProgress } from './progress';
import { type JobProgress, type ReadProgress, watch } from './watch';
import { type World } from './world';

/** Progress of the job at which its worker is killed, percent of its bytes. */
const NOT_BEFORE = 10;
const POLL_MS = 50;

/**
 * Waits until the job has made some progress, kills the worker with SIGKILL, starts another one, and follows the job to
 * its end. Throws if the kill missed: the job had ended before, or does not run afterwards.
 */
export async function killWorkerMidway({ embedded }: World, what: string, read: ReadProgress): Promise<void> {
  const worker = embedded.part('worker');
  const before = await watch(read, startProgress(bytes), ({ done, total }) => percent(done, total) >= NOT_BEFORE);
  const pid = worker.pid();
  if (!before.running || pid === undefined) throw new Error(`the ${what} was over before the worker could be killed`);
  worker.kill();
  while (isAlive(pid)) await sleep(10);
  const killed = Date.now();
  say(bold(`\n  $ kill -9 ${pid}`) + `    # the worker, with ${amount(before)} done`);
  say(`  $ kill -0 ${pid}    # no such process`);

  const after = await firstAnswer(read);
  if (!after.running || after.done >= after.total) throw new Error(`the ${what} was over when the worker was killed`);
  say(`  after ${millis(Date.now() - killed)} worker ${worker.pid()} answers: ${after.state}, ${amount(after)} done\n`);
  const end = await watch(read, startProgress(bytes));
  say(`  ${what} went on by itself and ended: ${bold(end.state)}, ${millis(Date.now() - killed)} after the kill`);
}

function amount({ done, total }: JobProgress): string {
  return `${bytes(done)} of ${bytes(total)}`;
}

async function firstAnswer(read: ReadProgress): Promise<JobProgress> {
  for (;;) {
    const seen = await read();
    if (seen !== undefined) return seen;
    await sleep(POLL_MS);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
