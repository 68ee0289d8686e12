/** Ms for which an answer of a worker proves that workers are there. */
const FRESH_MS = 3_000;

/** When a worker last answered this front door. Many answers at once are late, but none of them is a missing worker. */
export class WorkerEvidence {
  private lastMillis = -Infinity;

  /** Records that a worker answered now. */
  note(): void {
    this.lastMillis = performance.now();
  }

  /** Returns whether a worker answered lately. */
  isFresh(): boolean {
    return performance.now() - this.lastMillis <= FRESH_MS;
  }
}
