import { ElasticsearchError, illegalArgument, indexNotFound, SearchPhaseError } from '../elasticsearch-error';
import { randomUuid } from '../ids';
import type { Catalog } from '../metadata/catalog';
import type { DocumentStore } from '../storage/document-store';
import { ShardView } from '../storage/view';
import type { SearchTarget } from './search-target';
import { formatTimeValue } from './time-value';

/** `search.max_keep_alive`, in ms. */
const MAX_KEEP_ALIVE_MS = 24 * 3_600_000;

/** Everything a point in time is. It is all in its id, so it survives a restart. */
interface PointInTime {
  readonly nonce: string;
  readonly openedMs: number;
  readonly keepAliveMs: number;
  /** Index name, index uuid, shard number, view. */
  readonly shards: readonly (readonly [string, string, number, number])[];
}

/** What this process knows about a point in time that was used here. */
interface Lease {
  readonly views: readonly { ordinal: number; seq: number }[];
  expiresMs: number;
  closed: boolean;
  /** When it may be forgotten: from then on its id is too old by itself. */
  forgetMs: number;
}

/**
 * Keeps points in time: a set of views, named by an id that holds them. In memory are only leases, which say how long
 * views are needed and which were closed; after a restart an id is taken at its word until `retentionMs` have passed.
 */
export class PointsInTime {
  private readonly leases = new Map<string, Lease>();
  private readonly startedMs: number;

  constructor(
    private readonly store: DocumentStore,
    private readonly catalog: Catalog,
    private readonly retentionMs: number,
  ) {
    this.startedMs = store.now();
  }

  open(targets: readonly SearchTarget[], keepAliveMs: number): string {
    this.checkKeepAlive(keepAliveMs, targets);
    const pit: PointInTime = {
      nonce: randomUuid(),
      openedMs: this.store.now(),
      keepAliveMs,
      shards: targets.map(({ index, shard, view }) => [index.name, index.uuid, shard, view.seq] as const),
    };
    this.lease(pit, targets);
    return Buffer.from(JSON.stringify(pit)).toString('base64url');
  }

  /** The views of a point in time, kept alive for `keepAliveMs` more where that is given. */
  use(id: string, keepAliveMs: number | undefined): SearchTarget[] {
    const pit = decode(id);
    const targets = pit.shards.map(([name, uuid, shard, seq]) => {
      const index = [...this.catalog.state.indices.values()].find((candidate) => candidate.uuid === uuid);
      const ordinal = index?.shards[shard]?.ordinal;
      if (index === undefined || ordinal === undefined) throw indexNotFound(name);
      return { index, shard, view: new ShardView(this.store, ordinal, seq) };
    });
    const now = this.store.now();
    const lease = this.leases.get(pit.nonce) ?? this.adopt(pit, targets, now);
    if (lease === undefined || lease.closed || lease.expiresMs < now || !targets.every((t) => t.view.isComplete())) {
      throw this.missing(pit, targets);
    }
    if (keepAliveMs !== undefined) {
      this.checkKeepAlive(keepAliveMs, targets);
      lease.expiresMs = Math.max(lease.expiresMs, now + keepAliveMs);
      lease.forgetMs = Math.max(lease.forgetMs, lease.expiresMs + this.retentionMs);
    }
    return targets;
  }

  /** Closes it; returns how many shards that set free, 0 if it was not open. */
  close(id: string): number {
    const pit = decode(id);
    const now = this.store.now();
    const lease = this.leases.get(pit.nonce) ?? this.adopt(pit, [], now);
    if (lease === undefined || lease.closed || lease.expiresMs < now) return 0;
    lease.closed = true;
    return pit.shards.length;
  }

  /** The oldest view of a shard that is still in use; Infinity for none. Forgets leases that are long over. */
  oldestView(ordinal: number): number {
    const now = this.store.now();
    let oldest = Infinity;
    for (const [nonce, lease] of this.leases) {
      if (lease.forgetMs < now) this.leases.delete(nonce);
      if (lease.closed || lease.expiresMs < now) continue;
      for (const view of lease.views) if (view.ordinal === ordinal) oldest = Math.min(oldest, view.seq);
    }
    return oldest;
  }

  private lease(pit: PointInTime, targets: readonly SearchTarget[]): Lease {
    const expiresMs = this.store.now() + pit.keepAliveMs;
    const lease: Lease = {
      views: targets.map(({ view }) => ({ ordinal: view.ordinal, seq: view.seq })),
      expiresMs,
      closed: false,
      forgetMs: expiresMs + this.retentionMs,
    };
    this.leases.set(pit.nonce, lease);
    return lease;
  }

  /** A lease for an id from before the restart, while nothing its views need can have been purged. */
  private adopt(pit: PointInTime, targets: readonly SearchTarget[], now: number): Lease | undefined {
    const wasOpenedBefore = pit.openedMs <= this.startedMs;
    return wasOpenedBefore && now <= this.startedMs + this.retentionMs ? this.lease(pit, targets) : undefined;
  }

  private missing(pit: PointInTime, targets: readonly SearchTarget[]): SearchPhaseError {
    const cause = new ElasticsearchError(
      'search_context_missing_exception',
      `No search context found for id [${pit.nonce}]`,
      404,
    );
    return new SearchPhaseError(cause, failedShards(targets, this.catalog.identity.nodeId));
  }

  private checkKeepAlive(keepAliveMs: number, targets: readonly SearchTarget[]): void {
    if (keepAliveMs <= MAX_KEEP_ALIVE_MS) return;
    const cause = illegalArgument(
      `Keep alive for request (${formatTimeValue(keepAliveMs)}) is too large. It must be less than ` +
        `(${formatTimeValue(MAX_KEEP_ALIVE_MS)}). This limit can be set by changing the ` +
        '[search.max_keep_alive] cluster level setting.',
    );
    const shards = failedShards(targets, this.catalog.identity.nodeId);
    throw new SearchPhaseError(cause, shards, 'indices:data/read/open_point_in_time');
  }
}

/** Returns the shards of a failed search, as the error lists them. */
export const failedShards = (targets: readonly SearchTarget[], node: string): Record<string, unknown>[] =>
  targets.map(({ index, shard }) => ({ shard, index: index.name, node }));

function decode(id: string): PointInTime {
  try {
    const pit = JSON.parse(Buffer.from(id, 'base64url').toString()) as PointInTime;
    if (typeof pit.nonce === 'string' && typeof pit.openedMs === 'number' && Array.isArray(pit.shards)) return pit;
  } catch {
    // Falls through to the same answer.
  }
  throw illegalArgument(`invalid point in time id [${id.slice(0, 100)}]`);
}
