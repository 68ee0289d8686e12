import { SnapkeepError } from '../../contracts/errors';
import { type ClusterHttp } from '../http/cluster-http';
import { indexSegment } from '../http/index-path';

/** One document that the cluster did not take. */
export interface BulkRejection {
  /** Position in the body, counted in documents from 0. */
  readonly position: number;
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

export interface BulkResult {
  /** Documents refused for good; the first few of them. */
  readonly rejected: readonly BulkRejection[];
  readonly rejectedTotal: number;
  /** Positions of documents refused for lack of capacity (429): may be sent again. */
  readonly throttled: readonly number[];
  /** Why the first of them was. */
  readonly throttledReason?: string;
  /** Positions of documents of which the index holds a newer version; the first few of them. */
  readonly conflicts: readonly number[];
  readonly conflictTotal: number;
}

/** Rejections that are told apart; the rest is counted. */
const MAX_REJECTIONS = 10;
const NOTHING_REJECTED: BulkResult = {
  rejected: [],
  rejectedTotal: 0,
  throttled: [],
  conflicts: [],
  conflictTotal: 0,
};
const FULL_DISK = /read-only \/ allow delete|disk usage exceeded/;
const NO_ERRORS = '{"errors":false';
/** An answer that repeats a long reason for each of a hundred thousand documents fits. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
/** Bulk requests wait in the cluster's write queue. */
const TIMEOUT = 300_000;

/**
 * Writes a `_bulk` body through an alias. The alias must exist: an index that somebody deletes takes its alias along,
 * and the write fails (`index_not_found_exception`) instead of making the index anew.
 *
 * A request that is refused as a whole throws; documents that are refused are the result.
 */
export async function bulk(
  http: ClusterHttp,
  alias: string,
  body: Buffer,
  options: { signal?: AbortSignal } = {},
): Promise<BulkResult> {
  const { body: answer } = await http.request({
    method: 'POST',
    path: `/${indexSegment(alias)}/_bulk`,
    query: {
      require_alias: true,
      // Documents are stored as they were: no pipeline may touch them again.
      pipeline: '_none',
      filter_path: 'errors,items.*.status,items.*.error',
    },
    body,
    contentType: 'application/x-ndjson',
    maxBytes: MAX_ANSWER_BYTES,
    headersTimeout: TIMEOUT,
    signal: options.signal,
  });
  if (answer.toString('latin1', 0, NO_ERRORS.length) === NO_ERRORS) return NOTHING_REJECTED;
  return readBulkAnswer(answer);
}

interface BulkItem {
  readonly status?: number;
  readonly error?: {
    readonly type?: string;
    readonly reason?: string;
    readonly caused_by?: { readonly reason?: string };
  };
}

function readBulkAnswer(answer: Buffer): BulkResult {
  const { errors, items } = JSON.parse(answer.toString('utf8')) as {
    errors?: boolean;
    items?: Record<string, BulkItem>[];
  };
  if (errors === false) return NOTHING_REJECTED;
  const rejected: BulkRejection[] = [];
  const throttled: number[] = [];
  const conflicts: number[] = [];
  let throttledReason: string | undefined;
  let conflictTotal = 0;
  let rejectedTotal = 0;
  items?.forEach((item, position) => {
    const { status = 500, error } = Object.values(item)[0] ?? {};
    if (error === undefined && status < 300) return;
    // 503: the primary is moving or gone for a moment. Older clusters answer 403 to a full disk.
    if (status === 429 || status === 503 || (status === 403 && FULL_DISK.test(error?.reason ?? ''))) {
      throttled.push(position);
      throttledReason ??= error?.reason;
      return;
    }
    if (status === 409 && error?.type === 'version_conflict_engine_exception') {
      conflictTotal++;
      if (conflicts.length < MAX_REJECTIONS) conflicts.push(position);
      return;
    }
    rejectedTotal++;
    if (rejected.length === MAX_REJECTIONS) return;
    const cause = error?.caused_by?.reason;
    const reason = `${error?.reason ?? 'no reason given'}${cause === undefined ? '' : `; ${cause}`}`;
    rejected.push({ position, status, type: error?.type ?? 'unknown', reason });
  });
  if (rejectedTotal === 0 && throttled.length === 0 && conflictTotal === 0) {
    throw new SnapkeepError('cluster_unavailable', 'A bulk answer reports errors and names none');
  }
  return { rejected, rejectedTotal, throttled, throttledReason, conflicts, conflictTotal };
}
