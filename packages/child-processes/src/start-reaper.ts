import { spawn, type SpawnOptions } from 'node:child_process';
import { type Writable } from 'node:stream';
import { checkoutPath } from './checkout-path';

interface ReaperOptions extends Pick<SpawnOptions, 'detached' | 'env'> {
  /** Ms that single processes have to end in order once this one is dead. */
  readonly graceMs?: number;
}

/**
 * Starts reaper.mjs, which ends what it was told of once this process is dead. Returns the function that tells it a
 * line. Throws in an installation without its file.
 */
export function startReaper({ graceMs = 0, ...options }: ReaperOptions): (line: string) => void {
  const file = checkoutPath('packages', 'child-processes', 'src', 'reaper.mjs');
  const reaper = spawn(process.execPath, [file, String(graceMs)], { ...options, stdio: ['pipe', 'ignore', 'ignore'] });
  reaper.on('error', () => undefined);
  reaper.stdin.on('error', () => undefined);
  // It must not keep this process alive.
  reaper.unref();
  (reaper.stdin as Writable & { unref(): void }).unref();
  return (line) => void reaper.stdin.write(`${line}\n`);
}
