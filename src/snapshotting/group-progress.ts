import { type ShardProgress, type ShardStage } from '../contracts/jobs/copy';
import { type CopyProgress } from '../contracts/jobs/job';
import { type WriteProgress } from '../repository/segments/write-segments';

/** How far the shards are that one activity works on at a time, and what it has written in all: for its heartbeats. */
export class GroupProgress {
  private readonly working = new Map<number, ShardProgress>();
  private written: CopyProgress = { documents: 0, objects: 0, bytes: 0 };

  /** @param report called with each change; `working` are the shards begun and not ended, a few. */
  constructor(private readonly report: (written: CopyProgress, working: readonly ShardProgress[]) => void) {}

  /** Begins a shard, or begins it again; what the earlier try has written is given up. */
  begin(ordinal: number): void {
    this.working.set(ordinal, { ordinal, stage: 'STARTED', documents: 0, objects: 0, bytes: 0 });
    this.tell();
  }

  wrote(ordinal: number, progress: WriteProgress): void {
    const objects = progress.storedBytes > 0 ? 1 : 0;
    this.written = plus(this.written, progress, objects);
    const shard = this.working.get(ordinal);
    if (shard !== undefined) this.working.set(ordinal, { ...shard, ...plus(shard, progress, objects) });
    this.tell();
  }

  enter(ordinal: number, stage: ShardStage): void {
    const shard = this.working.get(ordinal);
    if (shard !== undefined) this.working.set(ordinal, { ...shard, stage });
    this.tell();
  }

  end(ordinal: number): void {
    this.working.delete(ordinal);
    this.tell();
  }

  private tell(): void {
    this.report(this.written, [...this.working.values()]);
  }
}

function plus(sum: CopyProgress, { documents, storedBytes }: WriteProgress, objects: number): CopyProgress {
  return {
    documents: sum.documents + documents,
    objects: sum.objects + objects,
    bytes: sum.bytes + storedBytes,
  };
}
