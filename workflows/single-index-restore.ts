/** The restore of one index: create it, wait until it can be written, write its chunks, verify and open it. */
import { CancellationScope, isCancellation, log, sleep } from '@temporalio/workflow';
import { type Bounded, cutReason } from '../src/contracts/jobs/bounded';
import { type JobOptions, type JobRepository } from '../src/contracts/jobs/job';
import { type IndexRecovery, type RecoveryStage, type ShardRecovery } from '../src/contracts/jobs/recovery';
import {
  type IndexRequest,
  type IndexRestore,
  type LeftOut,
  type PreparedIndex,
  type RestoreChunk,
  type RestoreFailure,
} from '../src/contracts/jobs/restore';
import { type ObjectRef } from '../src/contracts/stored';
import { inWindow } from './in-window';
import { reasonOf } from './job-failures';
import { controlActivities, dataActivities } from './profiles';

/** Chunks of one index that are written concurrently. */
const CHUNKS_AT_ONCE = 2;
/** Pauses between two looks at an index that cannot be written yet, ms: the first, and the longest. */
const FIRST_LOOK_MS = 500;
const LONGEST_LOOK_MS = 30_000;

/** The restore that indices belong to. */
export interface RestoreInput {
  readonly repository: JobRepository;
  readonly snapshot: string;
  readonly id: string;
  readonly manifest: ObjectRef;
  readonly request: IndexRequest;
  readonly options: JobOptions;
}

/** Receivers of what an index comes to. */
interface IndexReceivers {
  readonly onFailure: (failure: RestoreFailure) => void;
  /** Receives what the restored index lacks, or has in another way. */
  readonly onLeftOut: (leftOut: Bounded<LeftOut>) => void;
}

/** Restores one index, in a cancellation scope of its own: it can be stopped while others go on. */
export class SingleIndexRestore {
  private current: IndexRecovery;
  private scope: CancellationScope | undefined;
  private stopped = false;
  private prepared: Omit<PreparedIndex, 'leftOut'> | undefined;
  private isLoaded = false;

  /** @param now the workflow's clock. */
  constructor(
    private readonly input: RestoreInput,
    private readonly index: IndexRestore,
    private readonly receivers: IndexReceivers,
    private readonly now: () => number,
  ) {
    this.current = {
      source: index.source,
      target: index.target,
      state: 'WAITING',
      startMillis: now(),
      shards: Array.from({ length: index.shards }, (_, shard) => ({ ...EMPTY_SHARD, shard })),
    };
  }

  /** The name that the index is restored under. */
  get target(): string {
    return this.index.target;
  }

  get recovery(): IndexRecovery {
    return this.current;
  }

  /** Whether the index is restored, or was deleted again. */
  get isEnded(): boolean {
    return this.current.stopMillis !== undefined;
  }

  /** Whether the restore was stopped: only its own steps delete what was written. */
  get isStopped(): boolean {
    return this.stopped;
  }

  /** Returns what a step for several indices has to know of this one. */
  get plan(): IndexRestore {
    return this.index;
  }

  /** Records that a step for several indices works on this one. */
  begun(): void {
    this.show({ state: 'RUNNING', startMillis: this.now() });
  }

  /** Records that a step for several indices created this one. */
  created(prepared: Omit<PreparedIndex, 'leftOut'>): void {
    this.prepared = prepared;
    this.show({ shards: this.current.shards.map((shard) => planned(shard, prepared.chunks)) });
  }

  /** Records that a step for several indices wrote all documents of this one. */
  loaded(): void {
    this.isLoaded = true;
    for (const chunk of this.prepared?.chunks ?? []) this.recovered(chunk);
    this.stage('FINALIZE');
  }

  /** Records that a step for several indices finished this one. */
  finished(): void {
    this.stage('DONE');
    this.show({ state: 'DONE', stopMillis: this.now() });
  }

  /**
   * Restores the index, from where common steps got. If that fails, or is stopped, deletes what was written, and
   * reports the reason as a failure. Throws only the cancellation of the whole restore, after the index was deleted.
   */
  async run(): Promise<void> {
    const scope = new CancellationScope();
    this.scope = scope;
    try {
      if (this.stopped) scope.cancel();
      await scope.run(() => this.restore());
      this.show({ state: 'DONE', stopMillis: this.now() });
    } catch (error) {
      const isCancelled = isCancellation(error);
      const reason = isCancelled ? 'stopped: the index was deleted' : reasonOf(error);
      const left = await CancellationScope.nonCancellable(() => this.undo());
      this.failed(cutReason(reason + left), isCancelled);
      if (isCancelled && !this.stopped) throw error;
    } finally {
      this.scope = undefined;
    }
  }

  /** Stops the restore of the index and deletes what was written. Harmless when it has ended. */
  stop(): void {
    this.stopped = true;
    this.scope?.cancel();
  }

  private async restore(): Promise<void> {
    const { target } = this;
    const { options, request } = this.input;
    if (this.current.state === 'WAITING') this.begun();
    const prepared = this.prepared ?? (await this.prepare());
    if (!this.isLoaded) {
      await this.untilActive(prepared);
      this.created(prepared);
      await inWindow(prepared.chunks, CHUNKS_AT_ONCE, (chunk) => this.writeChunk(chunk));
      this.stage('FINALIZE');
    }
    const finish = controlActivities(options, `verify and open ${target}`).finishIndex;
    const { leftOut } = await finish({ ...this.call(), request, uuid: prepared.uuid });
    this.leftOut(leftOut);
    this.stage('DONE');
  }

  private async prepare(): Promise<PreparedIndex> {
    const { options, request } = this.input;
    const prepare = controlActivities(options, `create ${this.target}`).prepareIndex;
    const prepared = await prepare({ ...this.call(), request });
    this.prepared = prepared;
    this.leftOut(prepared.leftOut);
    return prepared;
  }

  /** Waits until the index can be written. Throws the cluster's reason when the retry window is over. */
  private async untilActive({ uuid, cloned }: Pick<PreparedIndex, 'uuid' | 'cloned'>): Promise<void> {
    const { target } = this;
    const { options } = this.input;
    const since = this.now();
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(LONGEST_LOOK_MS, pause * 2)) {
      const look = controlActivities(options, `wait for ${target}`).awaitIndex;
      const waitingFor = await look({ ...this.call(), uuid, cloned });
      this.show({ waitingFor: waitingFor ?? undefined });
      if (waitingFor == null) return;
      if (this.now() - since > options.retryWindowMs) {
        throw new Error(`no progress within the retry window: ${waitingFor}`);
      }
      if (pause === FIRST_LOOK_MS) log.warn('restore waits', { index: target, waitingFor });
      await sleep(Math.min(pause, options.retryWindowMs));
    }
  }

  private async writeChunk(chunk: RestoreChunk): Promise<void> {
    const { target } = this;
    const { options } = this.input;
    const label = `${target}[${chunk.shard}] segments ${chunk.first + 1}–${chunk.first + chunk.count}`;
    const { conflicts } = await dataActivities(options, label).restoreChunk({ ...this.call(), chunk, options });
    this.leftOut({
      total: conflicts.total,
      first: conflicts.first.map((name) => ({ index: target, kind: 'document', name, reason: NEWER })),
    });
    this.recovered(chunk);
  }

  private recovered(chunk: RestoreChunk): void {
    this.show({
      shards: this.current.shards.map((shard) => (shard.shard === chunk.shard ? plus(shard, chunk) : shard)),
    });
  }

  /** Deletes what was written. Returns the end of a reason: what is left of the index, if it could not be deleted. */
  private async undo(): Promise<string> {
    const { uuid, cloned = true } = this.prepared ?? {};
    try {
      const undo = controlActivities(this.input.options, `delete ${this.target}`).undoIndex;
      await undo({ ...this.call(), uuid, cloned });
      return '';
    } catch (error) {
      return `; what was written of it could not be deleted, delete it: ${reasonOf(error)}`;
    }
  }

  private failed(reason: string, isCancelled: boolean): void {
    const { target } = this;
    this.receivers.onFailure({ index: target, reason });
    this.show({
      state: isCancelled ? 'CANCELLED' : 'FAILED',
      stopMillis: this.now(),
      failure: isCancelled ? undefined : reason,
      waitingFor: undefined,
    });
    const { repository, snapshot } = this.input;
    log.warn('index not restored', { repository: repository.name, snapshot, index: target, reason });
  }

  private leftOut(leftOut: Bounded<LeftOut>): void {
    if (leftOut.total === 0) return;
    this.receivers.onLeftOut(leftOut);
    log.warn('left out of a restored index', { total: leftOut.total, first: leftOut.first.slice(0, 10) });
  }

  /** Returns what every activity of the index is called with. */
  private call() {
    const { repository, snapshot, id, manifest } = this.input;
    return { repository, snapshot, id, manifest, index: this.index };
  }

  private stage(stage: RecoveryStage): void {
    this.show({ shards: this.current.shards.map((shard) => ({ ...shard, stage })) });
  }

  private show(change: Partial<IndexRecovery>): void {
    this.current = { ...this.current, ...change };
  }
}

const NEWER = 'somebody wrote a newer version during the restore: that one was kept';

const EMPTY_SHARD: Omit<ShardRecovery, 'shard'> = {
  stage: 'INIT',
  documents: 0,
  bytes: 0,
  objects: 0,
  recoveredDocuments: 0,
  recoveredBytes: 0,
  recoveredObjects: 0,
};

/** Returns the shard with the totals of its chunks. */
function planned(shard: ShardRecovery, chunks: readonly RestoreChunk[]): ShardRecovery {
  const own = chunks.filter((chunk) => chunk.shard === shard.shard);
  const sum = (field: 'documents' | 'bytes' | 'objects'): number => own.reduce((all, chunk) => all + chunk[field], 0);
  return { ...shard, stage: 'INDEX', documents: sum('documents'), bytes: sum('bytes'), objects: sum('objects') };
}

/** Returns the shard with one more chunk recovered. */
function plus(shard: ShardRecovery, chunk: RestoreChunk): ShardRecovery {
  return {
    ...shard,
    recoveredDocuments: shard.recoveredDocuments + chunk.documents,
    recoveredBytes: shard.recoveredBytes + chunk.bytes,
    recoveredObjects: shard.recoveredObjects + chunk.objects,
  };
}
