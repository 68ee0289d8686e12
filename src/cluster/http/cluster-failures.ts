import { type ErrorCode, SnapkeepError } from '../../contracts/errors';

/**
 * Converts answers of a cluster, or of the network before it, to errors of the catalogue. No other file does. Statuses
 * and types are those of Elasticsearch 7.10–9 and OpenSearch 1–3.
 */

/** The cluster's own description of a failure. */
interface ClusterComplaint {
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

/** Longest part of a cluster's reason, in characters, that is passed on: reasons can quote whole documents. */
const MAX_REASON = 600;

/** Returns the error for an answer with an error status; `what` is `METHOD /path`. */
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

/** Returns the error for a failed shard inside a successful answer (`_shards.failures[]`). */
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

/** Returns the error for a failed connection; `address` must not hold credentials. */
export function connectionFailure(what: string, address: string, error: Error): SnapkeepError {
  const code = String((error as NodeJS.ErrnoException).code ?? error.name);
  if (CERTIFICATE_ERRORS.test(code)) {
    return new SnapkeepError(
      'cluster_rejected',
      `the certificate of ${address} is not trusted (${code}); name the authority that signed it in SNAPKEEP_CLUSTER_CA_FILE`,
      { details: { code }, cause: error },
    );
  }
  return new SnapkeepError('cluster_unavailable', `${address} cannot be reached: ${what}: ${code} ${error.message}`, {
    details: { code },
    cause: error,
  });
}

/**
 * Returns the cluster's description inside an error of {@link responseFailure} or {@link shardFailure}; else undefined.
 */
export function complaintIn(error: unknown): (ClusterComplaint & { readonly status?: number }) | undefined {
  if (!(error instanceof SnapkeepError)) return undefined;
  const { status, type, reason, index } = error.details;
  if (typeof type !== 'string' || typeof reason !== 'string') return undefined;
  return {
    type,
    reason,
    ...(typeof status === 'number' ? { status } : {}),
    ...(typeof index === 'string' ? { index } : {}),
  };
}

/** Returns whether the cluster refused a view because too many are open. */
export function isOutOfViews(error: unknown): boolean {
  return CONTEXTS.test(complaintIn(error)?.reason ?? '');
}

/**
 * Returns the code of a failure. `cluster_unavailable` means that the same request can succeed later without any
 * change.
 *
 * Types decide before statuses, because clusters answer 500 to requests that can never succeed and 400 to requests that
 * can. The status decides for unknown types; callers limit the time of their retries.
 */
function codeOf(status: number, { type, reason }: ClusterComplaint): ErrorCode {
  switch (type) {
    case 'index_not_found_exception':
      return 'index_not_found_exception';
    case 'index_closed_exception':
      return 'index_closed_exception';
    case 'search_context_missing_exception':
      return 'view_lost';
    case 'security_exception':
      return status === 401 || status === 403 ? 'cluster_access_denied' : 'cluster_rejected';
    case 'cluster_block_exception':
      // 503: no master, or the state is not recovered. 429: disk flood stage, which ends when space is free. Otherwise
      // 403: a block that somebody has set.
      return status === 503 || status === 429 ? 'cluster_unavailable' : 'cluster_rejected';
  }
  if (CONTEXTS.test(reason)) return NO_CONTEXTS.test(reason) ? 'cluster_rejected' : 'cluster_unavailable';
  if (PASSING.has(type)) return 'cluster_unavailable';
  if (FINAL.has(type)) return COMING_OR_GOING.test(reason) ? 'cluster_unavailable' : 'cluster_rejected';
  if (status === 401 || status === 403) return 'cluster_access_denied';
  return status === 408 || status === 429 || status >= 500 ? 'cluster_unavailable' : 'cluster_rejected';
}

const CONTEXTS = /too many (?:scroll|Point In Time) contexts|too many open (?:scroll|pit)/i;
/** Matches the complaint of a cluster that allows no contexts at all. */
const NO_CONTEXTS = /less than or equal to: \[0\]/;

/** Types of failures that end without intervention, with any status. */
const PASSING: ReadonlySet<string> = new Set([
  'already_closed_exception',
  'circuit_breaking_exception',
  'cluster_manager_not_discovered_exception',
  'cluster_manager_throttling_exception',
  'connect_transport_exception',
  'coordination_state_rejected_exception',
  'engine_closed_exception',
  'engine_create_failure_exception',
  'es_rejected_execution_exception',
  'failed_to_commit_cluster_state_exception',
  'flush_failed_engine_exception',
  'illegal_index_shard_state_exception',
  'index_shard_closed_exception',
  'index_shard_not_recovering_exception',
  'index_shard_not_started_exception',
  'index_shard_recovering_exception',
  'index_shard_relocated_exception',
  'master_not_discovered_exception',
  'no_node_available_exception',
  'no_shard_available_action_exception',
  'node_closed_exception',
  'node_disconnected_exception',
  'node_not_connected_exception',
  'not_cluster_manager_exception',
  'not_master_exception',
  'process_cluster_event_timeout_exception',
  'receive_timeout_transport_exception',
  'refresh_failed_engine_exception',
  'rejected_execution_exception',
  'retry_on_primary_exception',
  'retry_on_replica_exception',
  'send_request_transport_exception',
  'shard_lock_obtain_failed_exception',
  'shard_not_found_exception',
  'snapshot_in_progress_exception',
  'task_cancelled_exception',
  'time_exceeded_exception',
  'timeout_exception',
  'unavailable_shards_exception',
]);

/** Types of failures that stay until the request, the index or the cluster is changed. Many come with status 500. */
const FINAL: ReadonlySet<string> = new Set([
  'array_index_out_of_bounds_exception',
  'assertion_error',
  'class_cast_exception',
  'document_parsing_exception',
  'illegal_argument_exception',
  'illegal_state_exception',
  'index_out_of_bounds_exception',
  'input_coercion_exception',
  'invalid_alias_name_exception',
  'invalid_index_name_exception',
  'invalid_type_name_exception',
  'json_e_o_f_exception',
  'json_parse_exception',
  'mapper_exception',
  'mapper_parsing_exception',
  'not_x_content_exception',
  'null_pointer_exception',
  'number_format_exception',
  'parse_exception',
  'parsing_exception',
  'query_shard_exception',
  'resource_already_exists_exception',
  'script_exception',
  'settings_exception',
  'strict_dynamic_mapping_exception',
  'too_many_buckets_exception',
  'too_many_clauses',
  'too_many_nested_clauses',
  'unsupported_operation_exception',
  'version_conflict_engine_exception',
  'x_content_e_o_f_exception',
  'x_content_parse_exception',
]);

/** Words by which an otherwise final complaint comes from a node or shard that is starting or stopping. */
const COMING_OR_GOING =
  /\b(?:not (?:yet )?(?:started|recovered|initiali[sz]ed)|recovering|initiali[sz]ing|shutting down|(?:is|was|already|been|node) closed|closing|interrupted)\b/i;

function sentence(code: ErrorCode): string {
  switch (code) {
    case 'cluster_access_denied':
      return 'the cluster does not allow this';
    case 'cluster_unavailable':
      return 'the cluster cannot do this now';
    case 'view_lost':
      return 'the view of the shard is lost';
    case 'index_not_found_exception':
      return 'the index does not exist';
    case 'index_closed_exception':
      return 'the index is closed';
    default:
      return 'the cluster refused';
  }
}

/** Reads the most specific complaint of an error body: a failed shard's innermost cause, else the root cause. */
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

/** Returns the most specific part of an error: the first that is not a wrapper, failed shards first. */
function complaintOf(error: ErrorBody): ClusterComplaint {
  const causes: ErrorBody[] = [];
  collectCauses(error, causes, 0);
  const best = causes.find(({ type }) => TELLING.has(String(type))) ?? causes.find(isTelling) ?? error;
  const type = String(best.type ?? error.type ?? 'unknown');
  let reason = String(best.reason ?? error.reason ?? 'no reason given');
  // "failed to parse" alone is not helpful: the cause says why.
  let cause = asObject(best.caused_by) as ErrorBody;
  for (let depth = 0; depth < MAX_DEPTH && typeof cause.reason === 'string'; depth++) {
    if (!reason.includes(cause.reason)) reason += `; ${cause.reason}`;
    cause = asObject(cause.caused_by);
  }
  const index = best.index ?? error.index;
  return { type, reason: shorten(reason), ...(typeof index === 'string' ? { index } : {}) };
}

const MAX_DEPTH = 5;

/** Collects the parts of an error depth first: failed shards, root causes, the error itself, its cause. */
function collectCauses(error: ErrorBody, into: ErrorBody[], depth: number): void {
  if (depth > MAX_DEPTH || into.length > 100) return;
  const first = (list: unknown): unknown => (Array.isArray(list) ? (list as unknown[])[0] : undefined);
  const inner = [asObject(first(error.failed_shards)).reason, first(error.root_cause)];
  for (const one of inner) if (one !== undefined) collectCauses(asObject(one), into, depth + 1);
  if (error.type !== undefined) into.push(error);
  if (error.caused_by !== undefined) collectCauses(asObject(error.caused_by), into, depth + 1);
}

/** Types that state the reason of a failure, at any depth. */
const TELLING: ReadonlySet<string> = new Set([
  'search_context_missing_exception',
  'too_many_buckets_exception',
  'circuit_breaking_exception',
  'es_rejected_execution_exception',
  'rejected_execution_exception',
]);

/** Returns whether the part is not a wrapper. Wrappers name the place of a failure, not its reason. */
function isTelling({ type }: ErrorBody): boolean {
  return !WRAPPERS.has(String(type));
}

const WRAPPERS: ReadonlySet<string> = new Set([
  'broadcast_shard_operation_failed_exception',
  'execution_exception',
  'failed_node_exception',
  'fetch_phase_execution_exception',
  'query_phase_execution_exception',
  'remote_transport_exception',
  'search_phase_execution_exception',
  'uncategorized_execution_exception',
]);

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function shorten(text: string): string {
  return text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
}

/** The statuses by the names of Java's `RestStatus`, which shard failures use. */
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
  return Object.hasOwn(STATUS_BY_NAME, name) ? STATUS_BY_NAME[name]! : 500;
}

const CERTIFICATE_ERRORS = /CERT|SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)|ERR_TLS/;
