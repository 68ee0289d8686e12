/**
 * Ends what a process leaves behind, however that died: SIGKILL and an interrupted terminal included.
 *
 * Reads lines `+pid` and `-pid`, one for each process started and ended; `+-pid` and `--pid` mean a whole process group.
 * When its standard input ends, its parent is gone. Groups are killed at once; single processes are asked to end, and
 * killed after the ms of the first argument, so that who notices by itself can end in order.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const graceMs = Number(process.argv[2] ?? 0);
/** Ms after which what can't be killed is given up: a dead process that nobody collects still has its number. */
const GIVE_UP_MS = 5_000;

// The parent's own signals reach the whole foreground group; this process must outlive them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

/** Sends a signal; returns whether there was anybody to get it. */
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
