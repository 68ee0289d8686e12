/**
 * Which process serves a data file, kept beside it: two servers on one SQLite file would wait for each other's locks.
 * Where the process that started a dev server was killed, the dev server lives on and must go before the next one.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const fileOf = (dataFile: string): string => `${dataFile}.pid`;

/** Records which process serves `dataFile`, in a file beside it. */
export function recordOwner(dataFile: string, pid: number): void {
  writeFileSync(fileOf(dataFile), String(pid), { mode: 0o600 });
}

/** Removes the record of the process that serves `dataFile`, if there is one. */
export function forgetOwner(dataFile: string): void {
  rmSync(fileOf(dataFile), { force: true });
}

/** The command line of a running process; '' where there is none. */
function commandOf(pid: number): string {
  try {
    const proc = `/proc/${pid}/cmdline`;
    if (existsSync('/proc/self')) return readFileSync(proc, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends the process recorded for `dataFile`, if it still runs and still serves that file: a number may have been given
 * to another program since. By force after `graceMs`.
 */
export async function stopFormerOwner(dataFile: string, graceMs: number): Promise<void> {
  if (!existsSync(fileOf(dataFile))) return;
  const pid = Number(readFileSync(fileOf(dataFile), 'utf8'));
  const runs = (): boolean => pid > 0 && commandOf(pid).includes(dataFile);
  if (runs()) signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (runs()) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL');
    await sleep(50);
  }
  forgetOwner(dataFile);
}
