/** Runs other programs quietly, and prints one line per step. Node built-ins only. */
import { spawn } from 'node:child_process';

/** A failure that is printed without a stack, because its message says what to do. */
export class SetupError extends Error {}

/** Ms between the progress lines of a long step without a terminal. */
const TELL_EVERY_MS = 30_000;

/** Prints a time: `1.2 s`. */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`;
}

/**
 * Runs `work` and prints `title` with its time to standard error, because standard output belongs to the caller. Passes
 * to `work` a function that shows progress: on the same line of a terminal, else on occasional lines.
 */
export async function step(title, work) {
  const start = Date.now();
  const terminal = process.stderr.isTTY;
  let told = start;
  const show = (text) => {
    if (!terminal) {
      if (text === '' || Date.now() - told < TELL_EVERY_MS) return;
      told = Date.now();
      process.stderr.write(`${title} … ${text}\n`);
    } else process.stderr.write(`\r\x1b[K${title} … ${text}`.slice(0, (process.stderr.columns ?? 80) + 3));
  };
  show('');
  try {
    const result = await work(show);
    process.stderr.write(`${terminal ? '\r\x1b[K' : ''}${title}: ${seconds(Date.now() - start)}\n`);
    return result;
  } catch (error) {
    process.stderr.write(`${terminal ? '\r\x1b[K' : ''}${title}: failed after ${seconds(Date.now() - start)}\n`);
    throw error;
  }
}

/**
 * Runs a program without a shell; resolves with its standard output. Throws, with its last lines, if it fails. Calls
 * `onLine` with each line; kills the program after `timeoutMs`.
 */
export function run(command, args, { cwd, env = process.env, onLine = () => {}, timeoutMs } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    const stop = () => child.kill();
    process.once('exit', stop);
    let stdout = '';
    let all = '';
    let rest = '';
    const seen = (chunk) => {
      all = (all + chunk).slice(-16_384);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) if (line.trim() !== '') onLine(line.trim());
    };
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk;
      seen(chunk);
    });
    child.stderr.setEncoding('utf8').on('data', seen);
    child.on('error', (error) => {
      process.off('exit', stop);
      reject(new SetupError(`${command} could not be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      process.off('exit', stop);
      if (code === 0) resolve(stdout);
      else {
        const tail = all.trimEnd().split('\n').slice(-25).join('\n');
        reject(new SetupError(`${[command, ...args].join(' ')} ended with ${signal ?? code}:\n${tail}`));
      }
    });
  });
}

/** Runs `main`, and turns its error into a message and exit code 1. */
export function runMain(main) {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ]) {
    process.once(signal, () => process.exit(code));
  }
  main().catch((error) => {
    process.stderr.write(`${error instanceof SetupError ? error.message : (error.stack ?? error)}\n`);
    process.exit(1);
  });
}
