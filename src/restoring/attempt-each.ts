import { inLanes } from '../concurrency/lanes';

/** Indices of one step that are worked on concurrently. */
const INDICES_AT_ONCE = 4;

/**
 * Tries `work` on each item, and returns the results in order: undefined for each that failed. Such an index is
 * restored by steps of its own, which fail again with the reason, wait or retry. Throws when the call was aborted.
 */
export async function attemptEach<T, R>(
  items: readonly T[],
  work: (item: T, position: number) => Promise<R>,
  signal: AbortSignal,
): Promise<(R | undefined)[]> {
  const results = new Array<R | undefined>(items.length).fill(undefined);
  await inLanes([...items.entries()], INDICES_AT_ONCE, async ([position, item]) => {
    signal.throwIfAborted();
    try {
      results[position] = await work(item, position);
    } catch {
      signal.throwIfAborted();
    }
  });
  return results;
}
