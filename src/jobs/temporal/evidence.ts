/** Ms for which an answer proves that whoever gave it is there. */
const FRESH_MS = 3_000;

/** When Temporal, or a worker, last answered this front door. Where many ask, answers are late, but nobody is missing. */
export class Evidence {
  private lastMillis = -Infinity;

  /** Records an answer that came now. */
  note(): void {
    this.lastMillis = performance.now();
  }

  /** Returns whether an answer came lately. */
  isFresh(): boolean {
    return performance.now() - this.lastMillis <= FRESH_MS;
  }
}
