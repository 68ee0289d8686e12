import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Ms without work after which a thread counts as idle: shorter than the pause between two jobs. */
const IDLE_MS = 250;

/**
 * Returns a function to call after each task of a thread. Once none has come for a while, it calls `forget`, and
 * collects what the tasks left behind: a thread without work collects nothing, and keeps tens of MB for ever.
 */
export function collectWhenIdle(forget: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      forget();
      collectGarbage();
    }, IDLE_MS).unref();
    timer.refresh();
  };
}

/** Node.js offers the function only behind a flag, which also takes effect while it runs. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
