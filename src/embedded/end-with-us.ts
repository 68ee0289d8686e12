import { type ChildProcess, spawn } from 'node:child_process';
import { type Writable } from 'node:stream';
import { programEnv } from './program-env';
import { scriptPath } from './project-root';

/** Ms that a child has to end in order once this process is dead. */
const GRACE_MS = 5_000;

let reaper: ChildProcess | undefined;

/**
 * Makes sure that the child ends when this process does, SIGKILL included. A process of its own waits for that: a child
 * that is not ours, or hangs, can't notice by itself. Throws in an installation without scripts.
 */
export function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const { pid } = child;
  tell(`+${pid}`);
  child.once('exit', () => tell(`-${pid}`));
}

function tell(line: string): void {
  if (reaper === undefined) {
    reaper = spawn(process.execPath, [scriptPath('lib', 'reaper.mjs'), String(GRACE_MS)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: programEnv(process.env),
    });
    reaper.on('error', () => undefined);
    reaper.stdin!.on('error', () => undefined);
    // It must not keep this process alive.
    reaper.unref();
    (reaper.stdin as Writable & { unref(): void }).unref();
  }
  reaper.stdin!.write(`${line}\n`);
}
