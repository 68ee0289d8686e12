import { setTimeout as wait } from 'node:timers/promises';
import { SnapkeepError } from '../../contracts/errors';
import { documentId, halve, pickDocuments } from '../../documents/bulk-lines';
import { complaintIn } from '../http/cluster-failures';
import { type BulkRejection, type BulkResult } from './bulk';

export interface BulkWriterOptions {
  /** Requests in flight at most. @default 3 */
  readonly inFlight?: number;
  /** Bytes of one request at most; larger bodies are cut. @default 80 MB (clusters take 100) */
  readonly maxBytes?: number;
  /** Ms that a cluster may go on refusing for lack of capacity before the writer gives up. @default 60,000 */
  readonly patience?: number;
  /** Called for every body (or part of one) the cluster has taken. */
  readonly onWritten?: (bytes: number) => void;
  /** Called for documents of which the index holds a newer version: it is kept. Unset: they are rejected. */
  readonly onConflict?: (conflicts: WriteConflicts) => void;
  readonly signal?: AbortSignal;
}

/** Documents that somebody else wrote a newer version of. */
export interface WriteConflicts {
  readonly total: number;
  /** `_id`s of the first few. */
  readonly ids: readonly string[];
}

const DEFAULT_IN_FLIGHT = 3;
const DEFAULT_MAX_BYTES = 80 * 1024 * 1024;
const DEFAULT_PATIENCE = 60_000;
/** A body this small is not cut any further when the cluster is busy. */
const SMALL_BODY = 256 * 1024;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;
/** Requests taken in a row after which one more goes side by side again. */
const CALM = 8;

/**
 * Writes `_bulk` bodies, a few side by side, in no particular order. A cluster that answers 429 gets fewer and
 * smaller requests after a pause, only with what it did not take. What it refuses for good throws
 * `document_rejected` with index, id and reason; nothing is skipped. After a failure the writer is of no more use.
 *
 * Writing the same body twice must be harmless to the index (`external_gte`), since an answer may get lost.
 */
export class BulkWriter {
  private readonly stop = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly most: number;
  private limit: number;
  private failure: Error | undefined;
  private calm = 0;
  private pause = 0;
  private refusedSince: number | undefined;
  private turn: (() => void)[] = [];

  /** `index` is for messages; `send` writes one body. */
  constructor(
    private readonly index: string,
    private readonly send: (body: Buffer, signal: AbortSignal) => Promise<BulkResult>,
    private readonly options: BulkWriterOptions = {},
  ) {
    this.most = Math.max(1, options.inFlight ?? DEFAULT_IN_FLIGHT);
    this.limit = this.most;
  }

  /** Resolves once the body is on its way (not taken yet): the next one may be prepared. */
  async write(body: Buffer): Promise<void> {
    if (body.length === 0) return;
    await this.slot();
    const task: Promise<void> = this.deliver(body)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.running.delete(task);
        this.turn.shift()?.();
      });
    this.running.add(task);
  }

  /** Resolves when the cluster has taken all that was written; throws what went wrong first. */
  async flush(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    if (this.failure) throw this.failure;
  }

  /** Gives up what is in flight; resolves when nothing is. */
  async abort(): Promise<void> {
    this.fail(new SnapkeepError('cluster_unavailable', 'Writing was given up'));
    await Promise.all(this.running);
  }

  private async slot(): Promise<void> {
    for (;;) {
      if (this.options.signal?.aborted) throw this.options.signal.reason;
      if (this.failure) throw this.failure;
      if (this.running.size < this.limit) return;
      await new Promise<void>((resolve) => this.turn.push(resolve));
    }
  }

  private async deliver(whole: Buffer): Promise<void> {
    const maxBytes = this.options.maxBytes ?? DEFAULT_MAX_BYTES;
    const signal = this.options.signal ? AbortSignal.any([this.options.signal, this.stop.signal]) : this.stop.signal;
    const parts = [whole];
    for (let body = parts.pop(); body !== undefined; body = parts.pop()) {
      if (body.length > maxBytes) {
        const cut = halve(body);
        if (cut.length > 1) {
          parts.push(...cut.reverse());
          continue;
        }
      }
      const left = await this.once(body, signal);
      if (left.length > 0) parts.push(...left.reverse());
    }
  }

  /** Sends one body; what is left to send of it, after a pause where the cluster is busy. */
  private async once(body: Buffer, signal: AbortSignal): Promise<Buffer[]> {
    let result: BulkResult;
    try {
      result = await this.send(body, signal);
    } catch (error) {
      const status = complaintIn(error)?.status;
      if (status === 413) return this.tooLarge(body, error);
      if (status !== 429) throw error;
      await this.calmDown(error as Error, signal);
      return body.length > SMALL_BODY ? halve(body) : [body];
    }
    if (result.rejectedTotal > 0) throw this.rejection(body, result);
    if (result.conflictTotal > 0) this.conflicting(body, result);
    if (result.throttled.length === 0) {
      this.taken(body.length);
      return [];
    }
    const rest = pickDocuments(body, result.throttled);
    if (rest.length < body.length) this.taken(body.length - rest.length);
    await this.calmDown(
      new SnapkeepError(
        'cluster_unavailable',
        `the cluster does not take documents of [${this.index}]: ${result.throttledReason ?? 'it is too busy'}`,
      ),
      signal,
    );
    return rest.length > SMALL_BODY ? halve(rest) : [rest];
  }

  private conflicting(body: Buffer, { conflicts, conflictTotal }: BulkResult): void {
    const ids = conflicts.map((position) => documentId(body, position) ?? '');
    if (this.options.onConflict === undefined) {
      throw new SnapkeepError(
        'document_rejected',
        `[${this.index}] holds a newer version of document [${ids[0]}] (version_conflict_engine_exception): somebody else wrote it`,
        { details: { index: this.index, id: ids[0], rejected: conflictTotal } },
      );
    }
    this.options.onConflict({ total: conflictTotal, ids });
  }

  private taken(bytes: number): void {
    this.refusedSince = undefined;
    this.pause = 0;
    if (++this.calm >= CALM && this.limit < this.most) {
      this.calm = 0;
      this.limit++;
      this.turn.shift()?.();
    }
    this.options.onWritten?.(bytes);
  }

  private async calmDown(error: Error, signal: AbortSignal): Promise<void> {
    const now = Date.now();
    this.refusedSince ??= now;
    if (now - this.refusedSince > (this.options.patience ?? DEFAULT_PATIENCE)) throw error;
    this.calm = 0;
    this.limit = Math.max(1, this.limit - 1);
    this.pause = Math.min(LONGEST_PAUSE, this.pause === 0 ? FIRST_PAUSE : this.pause * 2);
    await wait(this.pause * (0.5 + Math.random()), undefined, { signal });
  }

  private tooLarge(body: Buffer, cause: unknown): Buffer[] {
    const cut = halve(body);
    if (cut.length > 1) return cut;
    const id = documentId(body, 0);
    throw new SnapkeepError(
      'document_too_large',
      `The cluster takes no request as large as document [${id}] of [${this.index}] (${body.length} bytes); raise http.max_content_length`,
      { details: { index: this.index, id, bytes: body.length }, cause },
    );
  }

  private rejection(body: Buffer, { rejected, rejectedTotal }: BulkResult): SnapkeepError {
    const gone = rejected.find((one) => one.type === 'index_not_found_exception');
    if (gone) {
      return new SnapkeepError(
        'index_not_found_exception',
        `index [${this.index}] can't be written any more: it was deleted, or the alias of its restore was removed`,
        { details: { index: this.index } },
      );
    }
    const first = rejected[0] as BulkRejection;
    const id = documentId(body, first.position);
    if (first.status >= 500) {
      return new SnapkeepError(
        'cluster_unavailable',
        `The cluster failed to write document [${id}] to [${this.index}]: ${first.status} ${first.type}: ${first.reason}`,
        { details: { index: this.index, id, status: first.status, type: first.type } },
      );
    }
    const more = rejectedTotal > 1 ? ` (and ${rejectedTotal - 1} more)` : '';
    return new SnapkeepError(
      'document_rejected',
      `[${this.index}] rejected document [${id}]${more}: ${first.status} ${first.type}: ${first.reason}`,
      { details: { index: this.index, id, status: first.status, type: first.type, rejected: rejectedTotal } },
    );
  }

  private fail(error: unknown): void {
    this.failure ??= error instanceof Error ? error : new Error(String(error));
    this.stop.abort(this.failure);
    for (const wake of this.turn.splice(0)) wake();
  }
}
