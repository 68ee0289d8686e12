import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess } from '../support/processes';

const ROOT = resolve(__dirname, '../..');
const HOOK = join(ROOT, 'test/support/typescript-hook.cjs');

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let waited = 0; runs(pid); waited += 50) {
    if (waited > 20_000) throw new Error(`process ${pid} is still there`);
    await sleep(50);
  }
}

/** A program that starts a child of its own and prints both numbers. */
const FAMILY = "const c = require('child_process').spawn('sleep', ['600']); console.log(process.pid, c.pid);";

async function familyOf(output: () => string): Promise<number[]> {
  for (;;) {
    const found = /(\d+) (\d+)\n/.exec(output());
    if (found !== null) return [Number(found[1]), Number(found[2])];
    await sleep(20);
  }
}

test('killing a process ends what it started too', async () => {
  const started = await startProcess(process.execPath, ['-e', FAMILY], { name: 'family' });
  const [parent, child] = await familyOf(started.output);
  expect(parent).toBe(started.pid);
  expect(await started.kill()).toEqual({ code: null, signal: 'SIGKILL' });
  await untilGone(child!);
});

test('a process that ends by itself takes along what it left running', async () => {
  const leaves = `${FAMILY} setTimeout(() => process.exit(3), 300);`;
  const started = await startProcess(process.execPath, ['-e', leaves], { name: 'family' });
  const [, child] = await familyOf(started.output);
  expect(await started.exited).toEqual({ code: 3, signal: null });
  expect(started.ended()).toBe(true);
  await untilGone(child!);
});

test('a process that ignores the request to end is killed after the grace', async () => {
  const stubborn = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ${FAMILY}`;
  const started = await startProcess(process.execPath, ['-e', stubborn], { name: 'stubborn' });
  await familyOf(started.output);
  expect((await started.stop(200)).signal).toBe('SIGKILL');
});

test('when the starter is killed, everything it started is killed', async () => {
  const starter = spawn(
    process.execPath,
    [
      '-r',
      HOOK,
      '-e',
      `require(${JSON.stringify(join(ROOT, 'test/support/processes.ts'))})
        .startProcess('sleep', ['600'], { name: 'sleep' })
        .then((started) => { console.log(started.pid); setInterval(() => {}, 1000); });`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [printed] = (await once(starter.stdout, 'data')) as [Buffer];
  const pid = Number(printed.toString());
  expect(runs(pid)).toBe(true);
  starter.kill('SIGKILL');
  await once(starter, 'exit');
  await untilGone(pid);
});

test('a program that is not there is an error that names it', async () => {
  await expect(startProcess('/no/such/program', [], { name: 'nothing' })).rejects.toThrow('nothing could not be');
});
