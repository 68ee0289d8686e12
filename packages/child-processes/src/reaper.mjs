/**
 * Ends the processes that another process leaves behind, even after SIGKILL or when its terminal was closed.
 *
 * Reads lines `+pid` and `-pid`, one for each started and ended process; `+-pid` and `--pid` mean a whole process
 * group. The end of its standard input means that its parent ended. Then it kills groups at once. Single processes get
 * SIGTERM, and SIGKILL after the ms of the first argument, so that they can end in order.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = Number(process.argv[2] ?? 0);
/** Ms after which a process that can't be killed is ignored: a dead process that is not reaped keeps its id. */
const GIVE_UP_MS = 5_000;

// Signals of a terminal reach the whole foreground group; this process must outlive them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

/** Sends a signal; returns whether the process or group exists. */
function send(id, signal) {
  try {
    process.kill(id, signal);
    return true;
  } catch {
    return false;
  }
}

const ids = new Set();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const id = Number(line.slice(1));
  if (line.startsWith('+')) ids.add(id);
  else ids.delete(id);
});
lines.on('close', async () => {
  for (const id of ids) if (!send(id, id < 0 ? 'SIGKILL' : 'SIGTERM') || id < 0) ids.delete(id);
  const deadline = Date.now() + graceMs;
  while (ids.size > 0 && Date.now() < deadline + GIVE_UP_MS) {
    for (const id of ids) if (!send(id, Date.now() > deadline ? 'SIGKILL' : 0)) ids.delete(id);
    if (ids.size > 0) await sleep(50);
  }
});
