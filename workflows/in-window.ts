import { CancellationScope } from '@temporalio/workflow';

/**
 * Runs `work` on the items in order, at most `width` of them concurrently. After the first failure, starts no other
 * item, cancels the running ones and waits for them, then throws that failure. Cancelling the enclosing scope cancels
 * all.
 *
 * Activities and the front door use `inLanes` of src/concurrency. A workflow needs this function instead, because only
 * Temporal's cancellation scopes can stop an activity or a timer that a workflow waits for.
 */
export async function inWindow<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  await CancellationScope.cancellable(async () => {
    const scope = CancellationScope.current();
    let next = 0;
    let failure: { error: unknown } | undefined;
    const lane = async (): Promise<void> => {
      while (next < items.length && failure === undefined) {
        const item = items[next++]!;
        try {
          await work(item);
        } catch (error) {
          if (failure === undefined) {
            failure = { error };
            scope.cancel();
          }
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
    if (failure !== undefined) throw (failure as { error: unknown }).error;
  });
}
