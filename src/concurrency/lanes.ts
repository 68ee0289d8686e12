/**
 * Runs `work` on the items in order, at most `width` at once. After a failure no further item is begun; the first
 * failure is thrown when the items already begun have ended.
 */
export async function inLanes<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  // The lanes share one iterator.
  const rest = items.values();
  let failed: { error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (const item of rest) {
      if (failed !== undefined) return;
      try {
        await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  if (failed !== undefined) throw failed.error;
}
