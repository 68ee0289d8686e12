import { setTimeout as wait } from 'node:timers/promises';
import { SnapkeepError } from '../../contracts/errors';
import { documentId, halve, pickDocuments } from '../../documents/bulk-lines';
import { complaintIn } from '../http/cluster-failures';
import { type BulkRejection, type BulkResult } from './bulk';

/** Options of {@link BulkWriter}. */
export interface BulkWriterOptions {
  /** Most concurrent requests. @default 3 */
  readonly inFlight?: number;
  /** Most bytes of one request; larger bodies are cut. @default 80 MB (clusters accept 100) */
  readonly maxBytes?: number;
  /** Ms for which a cluster can refuse for lack of capacity before the writer fails. @default 60,000 */
  readonly patience?: number;
  readonly signal?: AbortSignal;
}

/** Receivers of what one body comes to. */
export interface BodyReceivers {
  /** Is called with bytes of the body that the cluster has written; their sum is the body's length at the end. */
  readonly onWritten?: (bytes: number) => void;
  /** Is called for documents of which the index holds a newer version, which is kept. If unset, the write fails. */
  readonly onConflict?: (conflicts: WriteConflicts) => void;
}

/** Documents of which another client wrote a newer version. */
export interface WriteConflicts {
  readonly total: number;
  /** The `_id`s of the first few documents. */
  readonly ids: readonly string[];
}

const DEFAULT_IN_FLIGHT = 3;
const DEFAULT_MAX_BYTES = 80 * 1024 * 1024;
const DEFAULT_PATIENCE_MS = 60_000;
/** Bodies up to this size are not cut further if the cluster is busy. */
const SMALL_BODY_BYTES = 256 * 1024;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Number of successful requests in a row after which one more request may run concurrently. */
const CALM = 8;

/**
 * Writes `_bulk` bodies concurrently and without order. If the cluster answers 429, the writer pauses and sends fewer
 * and smaller requests, only with the documents that are not written yet.
 *
 * Throws `document_rejected` with index, id and reason when a retry cannot write a document; no document is skipped.
 * After a failure, create a new writer.
 *
 * Writing the same body twice must be harmless to the index (`external_gte`), because an answer can get lost.
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

  /** @param index the name in messages. @param send writes one body. */
  constructor(
    private readonly index: string,
    private readonly send: (body: Buffer, signal: AbortSignal) => Promise<BulkResult>,
    private readonly options: BulkWriterOptions = {},
  ) {
    this.most = Math.max(1, options.inFlight ?? DEFAULT_IN_FLIGHT);
    this.limit = this.most;
  }

  /**
   * Begins to write a body. Resolves when the caller can prepare the next body, before the cluster has written this
   * one.
   */
  async write(body: Buffer, receivers: BodyReceivers = {}): Promise<void> {
    if (body.length === 0) return;
    await this.slot();
    const task: Promise<void> = this.deliver(body, receivers)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.running.delete(task);
        this.turn.shift()?.();
      });
    this.running.add(task);
  }

  /** Resolves when the cluster has written all bodies. Throws the first failure. */
  async flush(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
    if (this.failure) throw this.failure;
  }

  /** Aborts the running requests. Resolves when none is running. */
  async abort(): Promise<void> {
    this.fail(new SnapkeepError('cluster_unavailable', 'writing was aborted'));
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

  private async deliver(whole: Buffer, receivers: BodyReceivers): Promise<void> {
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
      const left = await this.once(body, receivers, signal);
      if (left.length > 0) parts.push(...left.reverse());
    }
  }

  /** Sends one body. Returns the parts that have to be sent again, after a pause if the cluster is busy. */
  private async once(body: Buffer, receivers: BodyReceivers, signal: AbortSignal): Promise<Buffer[]> {
    let result: BulkResult;
    try {
      result = await this.send(body, signal);
    } catch (error) {
      const status = complaintIn(error)?.status;
      if (status === 413) return this.tooLarge(body, error);
      if (status !== 429) throw error;
      await this.calmDown(error as Error, signal);
      return body.length > SMALL_BODY_BYTES ? halve(body) : [body];
    }
    if (result.rejectedTotal > 0) throw this.rejection(body, result);
    if (result.conflictTotal > 0) this.conflicting(body, result, receivers);
    if (result.throttled.length === 0) {
      this.taken(body.length, receivers);
      return [];
    }
    const rest = pickDocuments(body, result.throttled);
    if (rest.length < body.length) this.taken(body.length - rest.length, receivers);
    await this.calmDown(
      new SnapkeepError(
        'cluster_unavailable',
        `the cluster does not take documents of [${this.index}]: ${result.throttledReason ?? 'it is too busy'}`,
      ),
      signal,
    );
    return rest.length > SMALL_BODY_BYTES ? halve(rest) : [rest];
  }

  private conflicting(body: Buffer, { conflicts, conflictTotal }: BulkResult, { onConflict }: BodyReceivers): void {
    const ids = conflicts.map((position) => documentId(body, position) ?? '');
    if (onConflict === undefined) {
      throw new SnapkeepError(
        'document_rejected',
        `[${this.index}] holds a newer version of document [${ids[0]}] (version_conflict_engine_exception): somebody else wrote it`,
        { details: { index: this.index, id: ids[0], rejected: conflictTotal } },
      );
    }
    onConflict({ total: conflictTotal, ids });
  }

  private taken(bytes: number, { onWritten }: BodyReceivers): void {
    this.refusedSince = undefined;
    this.pause = 0;
    if (++this.calm >= CALM && this.limit < this.most) {
      this.calm = 0;
      this.limit++;
      this.turn.shift()?.();
    }
    onWritten?.(bytes);
  }

  private async calmDown(error: Error, signal: AbortSignal): Promise<void> {
    const now = Date.now();
    this.refusedSince ??= now;
    if (now - this.refusedSince > (this.options.patience ?? DEFAULT_PATIENCE_MS)) throw error;
    this.calm = 0;
    this.limit = Math.max(1, this.limit - 1);
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause === 0 ? FIRST_PAUSE_MS : this.pause * 2);
    await wait(this.pause * (0.5 + Math.random()), undefined, { signal });
  }

  private tooLarge(body: Buffer, cause: unknown): Buffer[] {
    const cut = halve(body);
    if (cut.length > 1) return cut;
    const id = documentId(body, 0);
    throw new SnapkeepError(
      'document_too_large',
      `the cluster accepts no request as large as document [${id}] of [${this.index}] (${body.length} bytes); raise http.max_content_length`,
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
        `the cluster failed to write document [${id}] to [${this.index}]: ${first.status} ${first.type}: ${first.reason}`,
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
