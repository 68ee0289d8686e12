/**
 * Ends what a test process leaves behind, however that died: SIGKILL and an interrupted terminal included.
 *
 * Reads `+pid` and `-pid` lines, one for each process group started and ended. When its standard input ends, its
 * parent is gone, and every group still on the list is killed.
 */
import { createInterface } from 'node:readline';

// The parent's own signals reach the whole foreground group; this process must outlive them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const groups = new Set();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const pid = Number(line.slice(1));
  if (line.startsWith('+')) groups.add(pid);
  else groups.delete(pid);
});
lines.on('close', () => {
  for (const pid of groups) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Already gone.
    }
  }
});
