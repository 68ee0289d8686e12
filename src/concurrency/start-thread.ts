import { join, relative, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';

const SOURCES = resolve(__dirname, '..', '..');

/** The reactions of the thread's owner. */
interface ThreadEvents<Answer> {
  /** Is called with each message that the thread posts. */
  readonly onAnswer: (answer: Answer) => void;
  /** Is called once, when the thread has ended; `cause` is the error that ended the thread, if one did. */
  readonly onExit: (code: number, cause: unknown) => void;
}

/**
 * Starts a thread that runs the file `name` (without extension) of `folder`. The thread gets `data` as its
 * `workerData`.
 */
export function startThread<Answer>(
  folder: string,
  name: string,
  { onAnswer, onExit }: ThreadEvents<Answer>,
  data?: unknown,
): Worker {
  const thread = new Worker(compiledFile(folder, name), { workerData: data });
  let cause: unknown;
  thread.on('message', onAnswer);
  thread.on('error', (error) => {
    cause = error;
  });
  thread.on('exit', (code) => onExit(code, cause));
  return thread;
}

/** Threads load no TypeScript, so that uncompiled code, as in tests, starts the compiled thread. */
function compiledFile(folder: string, name: string): string {
  const compiled = __filename.endsWith('.ts') ? join(SOURCES, 'dist', relative(SOURCES, folder)) : folder;
  return join(compiled, `${name}.js`);
}
