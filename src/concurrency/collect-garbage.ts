/** Collects what the work of a thread left behind. A thread without work collects nothing, and keeps tens of MB. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options?: { readonly type: 'minor' }) => void;

/** Ms without work after which a thread counts as idle. */
const IDLE_MS = 500;

let collect: Collect | undefined;

/** Node.js offers the function only behind a flag, which also takes effect while it runs. */
function collector(): Collect {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  return collect;
}

/** Frees the memory of buffers that were dropped since the last call. Takes a fraction of a millisecond. */
export function collectYoung(): void {
  collector()({ type: 'minor' });
}

/** Returns a function to call at each task. Once none has come for a while, calls `forget` and collects everything. */
export function collectWhenIdle(forget: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      forget();
      collector()();
    }, IDLE_MS).unref();
    timer.refresh();
  };
}
