import { DocumentWriter } from './documents/document-writer';
import { randomUuid } from './ids';
import { Catalog } from './metadata/catalog';
import type { IndexMetadata } from './metadata/index-metadata';
import { PointsInTime } from './search/point-in-time';
import type { SearchTarget } from './search/search-target';
import { DocumentStore } from './storage/document-store';
import { purgeSuperseded, removeDroppedShards } from './storage/purge';
import { ShardView } from './storage/view';

export interface ClusterOptions {
  /** Folder of the data; made if missing. */
  readonly folder: string;
  /** How long a superseded document stays for views that may show it, in ms. @default 10 minutes */
  readonly retentionMs?: number;
  /** How often the background removes what is no longer needed, in ms; 0: only when asked. @default 5 s */
  readonly maintenanceIntervalMs?: number;
  /** Entries of the id index that are kept in memory before they are written back. @default 50,000 */
  readonly writeBackThreshold?: number;
  /** Clock in ms. @default Date.now */
  readonly now?: () => number;
}

/** Puts the parts of the embedded cluster together and runs its background work. */
export class Cluster {
  readonly name = 'snapkeep-embedded';
  readonly startedMs: number;
  /** Another one with every start, as a node of a real cluster has. */
  readonly ephemeralId = randomUuid();
  readonly retentionMs: number;
  private timer: NodeJS.Timeout | undefined;
  private maintenance: Promise<void> = Promise.resolve();
  private closing = false;

  private constructor(
    readonly store: DocumentStore,
    readonly catalog: Catalog,
    readonly writer: DocumentWriter,
    readonly pits: PointsInTime,
    options: ClusterOptions,
  ) {
    this.startedMs = store.now();
    this.retentionMs = options.retentionMs ?? DEFAULT_RETENTION_MS;
    const interval = options.maintenanceIntervalMs ?? 5_000;
    if (interval > 0) this.schedule(interval);
  }

  static async open(options: ClusterOptions): Promise<Cluster> {
    const store = new DocumentStore({
      folder: options.folder,
      now: options.now ?? Date.now,
      ...(options.writeBackThreshold === undefined ? {} : { writeBackThreshold: options.writeBackThreshold }),
    });
    const catalog = await Catalog.open(store);
    const pits = new PointsInTime(store, catalog, options.retentionMs ?? DEFAULT_RETENTION_MS);
    return new Cluster(store, catalog, new DocumentWriter(store, catalog), pits, options);
  }

  /** The shards of an index as they are now. */
  currentTargets(index: IndexMetadata): SearchTarget[] {
    return index.shards.map(({ ordinal }, shard) => ({
      index,
      shard,
      view: new ShardView(this.store, ordinal, this.store.state(ordinal).lastSeq),
    }));
  }

  /** Removes data of deleted indices, and superseded documents that no view can need any more. */
  async maintain(): Promise<void> {
    await removeDroppedShards(this.store, () => !this.closing);
    const now = this.store.now();
    // Points in time from before the start are known again once they are used: until then they keep everything.
    if (now < this.startedMs + this.retentionMs) return;
    for (const ordinal of this.store.ordinals()) {
      if (this.closing) return;
      if (!this.store.hasShard(ordinal)) continue;
      await purgeSuperseded(this.store, ordinal, now - this.retentionMs, this.pits.oldestView(ordinal));
    }
  }

  /** Ends the background work, waits for writes under way, closes the files. */
  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.timer);
    await this.maintenance;
    await this.store.close();
  }

  private schedule(interval: number): void {
    this.timer = setTimeout(() => {
      this.maintenance = this.maintain()
        .catch((error: unknown) => {
          process.stderr.write(`embedded cluster: maintenance failed: ${String(error)}\n`);
        })
        .finally(() => {
          if (!this.closing) this.schedule(interval);
        });
    }, interval);
    this.timer.unref();
  }
}

const DEFAULT_RETENTION_MS = 10 * 60_000;
