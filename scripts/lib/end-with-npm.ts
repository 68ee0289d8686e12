import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const LOOK_MS = 500;

/**
 * Calls `stop` when the npm process that runs this script ends. npm passes SIGINT and SIGTERM on, but if it is killed,
 * the shell that it started keeps running.
 */
export function endWithNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  // npm starts a shell, and the shell starts this process, unless the shell replaces itself by this process.
  const npm = [process.ppid, parentOf(process.ppid)].find((pid) => pid > 1 && /\bnpm\b/.test(commandOf(pid)));
  if (npm === undefined) return;
  const timer = setInterval(() => {
    if (isRunning(npm)) return;
    clearInterval(timer);
    stop();
  }, LOOK_MS);
  timer.unref();
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function parentOf(pid: number): number {
  const stat = `/proc/${pid}/stat`;
  if (existsSync(stat)) {
    // The name in parentheses may hold any character.
    const text = readFileSync(stat, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  }
  return Number(ps('ppid=', pid));
}

function commandOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\0', ' ') : ps('command=', pid);
}

function ps(field: string, pid: number): string {
  try {
    return execFileSync('ps', ['-o', field, '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
