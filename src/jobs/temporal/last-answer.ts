/** Ms for which an answer proves that its sender is up. */
const FRESH_MS = 3_000;

/**
 * Remembers when Temporal, or a worker, last answered this front door. Under load an answer may come too late for one
 * caller although its sender is up: answers to others prove that.
 */
export class LastAnswer {
  private lastMillis = -Infinity;

  /** Records that an answer has just come. */
  record(): void {
    this.lastMillis = performance.now();
  }

  /** Returns whether an answer came within the last three seconds. */
  isFresh(): boolean {
    return performance.now() - this.lastMillis <= FRESH_MS;
  }
}
