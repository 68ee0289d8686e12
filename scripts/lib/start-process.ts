import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { startReaper } from '../../packages/child-processes/src';

export interface StartOptions {
  /** Names the process in messages. */
  readonly name: string;
  readonly cwd?: string;
  /** Replaces the environment; unset: this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** Where its output goes; unset: a file of its own in the temporary folder. */
  readonly logFile?: string;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child in a process group of its own, so that what it starts ends with it. */
export interface StartedProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** Whether it has ended. */
  readonly ended: () => boolean;
  /** All it has written to standard output and standard error. */
  readonly output: () => string;
  /** Sends a signal to the whole group; harmless when that is gone. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** SIGKILL to the group; resolves when it is gone. */
  readonly kill: () => Promise<ProcessExit>;
  /** Asks to end (closes standard input and sends SIGTERM), kills after `graceMs`; resolves when it is gone. */
  readonly stop: (graceMs?: number) => Promise<ProcessExit>;
  readonly stdin: Writable;
}

let reaper: ((line: string) => void) | undefined;

/** Tells the reaper of this process, started with the first group. Jest's own `process` emits no 'exit' to tests. */
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
 * Starts a program without a shell. It ends at the latest with the process that started it, even when that is killed.
 * Throws when it cannot be started.
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
        // What the leader left running ends too; then its number may be given to somebody else.
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
  // A child that has closed its standard input makes writes fail; that it ended is told by `exited`.
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
