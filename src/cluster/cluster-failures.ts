import { type ErrorCode, SnapkeepError } from '../contracts/errors';

/**
 * The one place where what a cluster (or the network before it) answers becomes an error of the catalogue. Statuses
 * and types are those of Elasticsearch 7.10–9 and OpenSearch 1–3.
 */

/** What the cluster said of a failure, as far as its answer tells. */
export interface ClusterComplaint {
  readonly type: string;
  readonly reason: string;
  readonly index?: string;
}

interface ErrorBody {
  type?: unknown;
  reason?: unknown;
  index?: unknown;
  root_cause?: unknown;
  caused_by?: unknown;
  failed_shards?: unknown;
}

/** Longest part of a cluster's reason that is passed on; reasons can quote whole documents. */
const MAX_REASON = 600;

/** The failure that an answer with an error status stands for. `what` is `METHOD /path`. */
export function responseFailure(what: string, status: number, body: Buffer): SnapkeepError {
  const complaint = readComplaint(body);
  const code = codeOf(status, complaint);
  return new SnapkeepError(
    code,
    `${sentence(code)}: ${what} was answered ${status} ${complaint.type}: ${complaint.reason}`,
    {
      details: { status, type: complaint.type, reason: complaint.reason, index: complaint.index },
    },
  );
}

/** The failure of a shard inside a successful answer (`_shards.failures[]`). */
export function shardFailure(what: string, failure: unknown): SnapkeepError {
  const { status, reason } = asObject(failure) as { status?: unknown; reason?: unknown };
  const complaint = complaintOf(asObject(reason));
  const code = codeOf(statusOf(String(status)), complaint);
  return new SnapkeepError(
    code,
    `${sentence(code)}: ${what} failed on a shard: ${complaint.type}: ${complaint.reason}`,
    {
      details: { type: complaint.type, reason: complaint.reason, index: complaint.index },
    },
  );
}

/** The failure of a connection, without the address' credentials. */
export function connectionFailure(what: string, address: string, error: Error): SnapkeepError {
  const code = String((error as NodeJS.ErrnoException).code ?? error.name);
  if (CERTIFICATE_ERRORS.test(code)) {
    return new SnapkeepError(
      'cluster_rejected',
      `The certificate of ${address} is not trusted (${code}); name the authority that signed it in SNAPKEEP_CLUSTER_CA_FILE`,
      { details: { code }, cause: error },
    );
  }
  return new SnapkeepError('cluster_unavailable', `${address} cannot be reached: ${what}: ${code} ${error.message}`, {
    details: { code },
    cause: error,
  });
}

/** What the cluster itself said, of an error that {@link responseFailure} made. */
export function complaintIn(error: unknown): (ClusterComplaint & { status: number }) | undefined {
  if (!(error instanceof SnapkeepError)) return undefined;
  const { status, type, reason, index } = error.details;
  if (typeof status !== 'number' || typeof type !== 'string' || typeof reason !== 'string') return undefined;
  return { status, type, reason, ...(typeof index === 'string' ? { index } : {}) };
}

function codeOf(status: number, complaint: ClusterComplaint): ErrorCode {
  switch (complaint.type) {
    case 'index_not_found_exception':
      return 'index_not_found_exception';
    case 'index_closed_exception':
      return 'index_closed_exception';
    case 'search_context_missing_exception':
      return 'view_lost';
    case 'security_exception':
      return status === 401 || status === 403 ? 'cluster_access_denied' : 'cluster_rejected';
    case 'cluster_block_exception':
      // 503: no master, state not recovered; 429: disk flood stage, lifted when space is free. Left is 403, a block
      // that somebody has set.
      return status === 503 || status === 429 ? 'cluster_unavailable' : 'cluster_rejected';
  }
  if (status === 401 || status === 403) return 'cluster_access_denied';
  if (status === 408 || status === 429 || status >= 500) return 'cluster_unavailable';
  if (/too many scroll contexts|too many Point In Time contexts/i.test(complaint.reason)) return 'cluster_unavailable';
  return 'cluster_rejected';
}

function sentence(code: ErrorCode): string {
  switch (code) {
    case 'cluster_access_denied':
      return 'The cluster does not allow this';
    case 'cluster_unavailable':
      return 'The cluster cannot do this now';
    case 'view_lost':
      return 'The view of the shard is gone';
    case 'index_not_found_exception':
      return 'The index does not exist';
    case 'index_closed_exception':
      return 'The index is closed';
    default:
      return 'The cluster refused';
  }
}

/** The most telling type and reason in an error body: the innermost named failure of shards, else the root cause. */
function readComplaint(body: Buffer): ClusterComplaint {
  const text = body.toString('utf8', 0, Math.min(body.length, 1024 * 1024));
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { type: 'no_json', reason: shorten(text.replace(/\s+/g, ' ').trim()) };
  }
  const error = asObject(parsed).error;
  if (typeof error === 'string') return { type: 'error', reason: shorten(error) };
  if (error === undefined && body.length > 0) return { type: 'error', reason: shorten(text) };
  return complaintOf(asObject(error));
}

function complaintOf(error: ErrorBody): ClusterComplaint {
  const shard = asObject(Array.isArray(error.failed_shards) ? error.failed_shards[0] : undefined).reason;
  const root = Array.isArray(error.root_cause) ? error.root_cause[0] : undefined;
  const best = asObject(shard ?? root ?? error) as ErrorBody;
  const type = String(best.type ?? error.type ?? 'unknown');
  let reason = String(best.reason ?? error.reason ?? 'no reason given');
  // "failed to parse" alone helps nobody: the cause says what.
  let cause = asObject(best.caused_by ?? error.caused_by) as ErrorBody;
  for (let depth = 0; depth < 3 && typeof cause.reason === 'string'; depth++) {
    if (!reason.includes(cause.reason)) reason += `; ${cause.reason}`;
    cause = asObject(cause.caused_by);
  }
  const index = best.index ?? error.index;
  return { type, reason: shorten(reason), ...(typeof index === 'string' ? { index } : {}) };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function shorten(text: string): string {
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}

/** `RestStatus` names, as shard failures spell them. */
const STATUS_BY_NAME: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  TOO_MANY_REQUESTS: 429,
  INTERNAL_SERVER_ERROR: 500,
  SERVICE_UNAVAILABLE: 503,
  GATEWAY_TIMEOUT: 504,
};

function statusOf(name: string): number {
  return Object.hasOwn(STATUS_BY_NAME, name) ? STATUS_BY_NAME[name] : 500;
}

const CERTIFICATE_ERRORS = /CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|ERR_TLS/;
