import { SnapkeepError } from '../../contracts/errors';
import { type ClusterHttp } from '../http/cluster-http';
import { indexSegment } from '../http/index-path';

/** One document that the cluster rejected. */
export interface BulkRejection {
  /** Position of the document in the body, from 0. */
  readonly position: number;
  readonly status: number;
  readonly type: string;
  readonly reason: string;
}

/** The documents of a `_bulk` request that were not written. */
export interface BulkResult {
  /** The first few documents that a retry cannot write. */
  readonly rejected: readonly BulkRejection[];
  readonly rejectedTotal: number;
  /** Positions of documents that were refused for lack of capacity and can be sent again. */
  readonly throttled: readonly number[];
  /** The cluster's reason for the first of them. */
  readonly throttledReason?: string;
  /** Positions of the first few documents of which the index holds a newer version. */
  readonly conflicts: readonly number[];
  readonly conflictTotal: number;
}

/** Most rejections that are listed; the others are only counted. */
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
/** Enough for an answer that repeats a long reason for each of a hundred thousand documents. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
/** Long, because bulk requests wait in the cluster's write queue. */
const TIMEOUT_MS = 300_000;

/**
 * Writes a `_bulk` body through an alias, which must exist. If somebody deletes the index, the alias is deleted too.
 * The write then fails with `index_not_found_exception` instead of creating the index again.
 *
 * Throws when the request is refused as a whole. Refused documents are returned.
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
      // Documents are stored unchanged: no pipeline may process them again.
      pipeline: '_none',
      filter_path: 'errors,items.*.status,items.*.error',
    },
    body,
    contentType: 'application/x-ndjson',
    maxBytes: MAX_ANSWER_BYTES,
    headersTimeout: TIMEOUT_MS,
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
    // 503: the primary is moving or missing for a moment. Older clusters answer 403 if a disk is full.
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
    throw new SnapkeepError('cluster_unavailable', 'a bulk answer reports errors and names none');
  }
  return { rejected, rejectedTotal, throttled, throttledReason, conflicts, conflictTotal };
}
