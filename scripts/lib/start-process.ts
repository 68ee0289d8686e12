import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { startReaper } from '../../packages/child-processes/src';

export interface StartOptions {
  /** Name of the process in messages. */
  readonly name: string;
  readonly cwd?: string;
  /** Environment of the process; if unset, that of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** File of its output; if unset, a new one in the temporary folder. */
  readonly logFile?: string;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child in a process group of its own, so that its children end with it. */
export interface StartedProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Returns whether it has ended. */
  readonly ended: () => boolean;
  /** Returns its standard output and standard error so far. */
  readonly output: () => string;
  /** Sends a signal to the whole group; does nothing if the group has ended. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Sends SIGKILL to the group; resolves when it has ended. */
  readonly kill: () => Promise<ProcessExit>;
  /** Closes standard input and sends SIGTERM, and SIGKILL after `graceMs`. Resolves when the group has ended. */
  readonly stop: (graceMs?: number) => Promise<ProcessExit>;
  readonly stdin: Writable;
}

let reaper: ((line: string) => void) | undefined;

/** Sends a line to the reaper of this process, which is started with the first group. Jest emits no 'exit' to tests. */
function tellReaper(line: string): void {
  reaper ??= startReaper({ detached: true });
  reaper(line);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Starts a program without a shell. It ends at the latest with the process that started it, even if that is killed.
 * Throws if it can't be started.
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  options: StartOptions,
): Promise<StartedProcess> {
  const logFile = options.logFile ?? join(mkdtempSync(join(tmpdir(), 'snapkeep-log-')), `${options.name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = { code, signal };
      if (child.pid !== undefined) {
        // Children that the leader left end, too. After that its id may be reused by another process.
        signalGroup(child.pid, 'SIGKILL');
        tellReaper(`-${-child.pid}`);
      }
      resolve(exit);
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${options.name} could not be started`, { cause: error })));
  });
  const pid = child.pid!;
  const stdin = child.stdin!;
  tellReaper(`+${-pid}`);
  // Writes fail if the child has closed its standard input; `exited` reports its end.
  stdin.on('error', () => {});
  const signal = (name: NodeJS.Signals): void => {
    if (exit === undefined) signalGroup(pid, name);
  };
  return {
    pid,
    logFile,
    exited,
    ended: () => exit !== undefined,
    output: () => readFileSync(logFile, 'utf8'),
    signal,
    kill: () => {
      signal('SIGKILL');
      return exited;
    },
    stop: async (graceMs = 20_000) => {
      stdin.end();
      signal('SIGTERM');
      const timer = setTimeout(() => signal('SIGKILL'), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    },
    stdin,
  };
}
