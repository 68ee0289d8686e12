import { type ChildProcess } from 'node:child_process';
import { programEnv } from './program-env';
import { startReaper } from './start-reaper';

/** Ms that a child has to end in order once this process is dead. */
const GRACE_MS = 5_000;

let tellReaper: ((line: string) => void) | undefined;

/**
 * Makes sure that the child ends when this process does, SIGKILL included. A process of its own waits for that: a child
 * that is not ours, or hangs, can't notice by itself. Throws in an installation without the reaper's file.
 */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const { pid } = child;
  const tell = (tellReaper ??= startReaper({ graceMs: GRACE_MS, env: programEnv(process.env) }));
  tell(`+${pid}`);
  child.once('exit', () => tell(`-${pid}`));
}
