import { type CopyProgress, NO_PROGRESS } from '../contracts/jobs/job';
import { type WriteProgress } from '../repository/segments/write-segments';

/** Sums the progress of one shard or chunk, and reports each new sum. */
export class CopyCounter {
  /** @param sum the sum that earlier attempts had come to. */
  constructor(
    private readonly onProgress: (sum: CopyProgress) => void,
    private sum: CopyProgress = NO_PROGRESS,
  ) {}

  readonly add = ({ documents, storedBytes }: WriteProgress): void => {
    this.change({ documents: this.sum.documents + documents, bytes: this.sum.bytes + storedBytes });
  };

  addObjects(count: number): void {
    this.change({ objects: this.sum.objects + count });
  }

  now(): CopyProgress {
    return this.sum;
  }

  private change(change: Partial<CopyProgress>): void {
    this.sum = { ...this.sum, ...change };
    this.onProgress(this.sum);
  }
}
