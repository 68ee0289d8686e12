import { type ShardProgress, type ShardStage } from '../contracts/jobs/copy';
import { type CopyProgress, NO_PROGRESS } from '../contracts/jobs/job';
import { type WriteProgress } from '../repository/segments/write-segments';

/** Keeps the progress of the shards that one activity is copying, and the sum of all that it has written. */
export class GroupProgress {
  private readonly working = new Map<number, ShardProgress>();
  private written = NO_PROGRESS;

  /** @param onChange is called with each change; `working` are the few shards that have begun and not ended. */
  constructor(private readonly onChange: (written: CopyProgress, working: readonly ShardProgress[]) => void) {}

  /** Begins a shard, or begins it again, with what was copied of it before. */
  begin(ordinal: number, copied = NO_PROGRESS): void {
    this.working.set(ordinal, { ordinal, stage: 'STARTED', ...copied });
    this.report();
  }

  wrote(ordinal: number, progress: WriteProgress): void {
    const objects = progress.storedBytes > 0 ? 1 : 0;
    this.written = plus(this.written, progress, objects);
    const shard = this.working.get(ordinal);
    if (shard !== undefined) this.working.set(ordinal, { ...shard, ...plus(shard, progress, objects) });
    this.report();
  }

  enter(ordinal: number, stage: ShardStage): void {
    const shard = this.working.get(ordinal);
    if (shard !== undefined) this.working.set(ordinal, { ...shard, stage });
    this.report();
  }

  end(ordinal: number): void {
    this.working.delete(ordinal);
    this.report();
  }

  private report(): void {
    this.onChange(this.written, [...this.working.values()]);
  }
}

function plus(sum: CopyProgress, { documents, storedBytes }: WriteProgress, objects: number): CopyProgress {
  return {
    documents: sum.documents + documents,
    objects: sum.objects + objects,
    bytes: sum.bytes + storedBytes,
  };
}
