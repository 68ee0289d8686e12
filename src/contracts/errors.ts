/**
 * The table of errors: the Elasticsearch `type`, HTTP status, scope and retryability of each domain code.
 *
 * Every error that Snapkeep throws on purpose is a {@link SnapkeepError}. At an activity's boundary its code becomes
 * the `type` of an `ApplicationFailure`. Codes are therefore stored in workflow histories, and must never change their
 * meaning. `retryable` means that the same call may succeed later, without a change of the request or the
 * configuration.
 */
export const ERROR_TABLE = {
  // The request can't be fulfilled.
  repository_missing_exception: {
    type: 'repository_missing_exception',
    status: 404,
    scope: 'repository',
    retryable: false,
  },
  snapshot_missing_exception: { type: 'snapshot_missing_exception', status: 404, scope: 'request', retryable: false },
  job_missing: { type: 'resource_not_found_exception', status: 404, scope: 'request', retryable: false },
  policy_missing: { type: 'resource_not_found_exception', status: 404, scope: 'request', retryable: false },
  /** OpenSearch's answer for a policy that is not there. */
  sm_policy_missing: { type: 'status_exception', status: 404, scope: 'request', retryable: false },
  version_conflict_engine_exception: {
    type: 'version_conflict_engine_exception',
    status: 409,
    scope: 'request',
    retryable: false,
  },
  index_not_found_exception: { type: 'index_not_found_exception', status: 404, scope: 'shard', retryable: false },
  index_closed_exception: { type: 'index_closed_exception', status: 400, scope: 'shard', retryable: false },
  invalid_snapshot_name_exception: {
    type: 'invalid_snapshot_name_exception',
    status: 400,
    scope: 'request',
    retryable: false,
  },
  snapshot_name_already_in_use_exception: {
    type: 'snapshot_name_already_in_use_exception',
    status: 400,
    scope: 'request',
    retryable: false,
  },
  illegal_argument_exception: { type: 'illegal_argument_exception', status: 400, scope: 'request', retryable: false },
  action_request_validation_exception: {
    type: 'action_request_validation_exception',
    status: 400,
    scope: 'request',
    retryable: false,
  },
  parse_exception: { type: 'parse_exception', status: 400, scope: 'request', retryable: false },
  /** A regular expression that Java also refuses. */
  pattern_syntax_exception: { type: 'pattern_syntax_exception', status: 400, scope: 'request', retryable: false },
  x_content_parse_exception: { type: 'x_content_parse_exception', status: 400, scope: 'request', retryable: false },
  media_type_header_exception: { type: 'media_type_header_exception', status: 406, scope: 'request', retryable: false },
  /** The request names a version in its media types that the cluster does not have. */
  media_type_version_exception: {
    type: 'media_type_header_exception',
    status: 400,
    scope: 'request',
    retryable: false,
  },
  /** The call names a host that is not allowed, or comes from a page of another site. */
  request_forbidden: { type: 'security_exception', status: 403, scope: 'request', retryable: false },
  /** The client stopped sending its request. */
  request_timeout: { type: 'request_timeout_exception', status: 408, scope: 'request', retryable: false },
  /** The bytes received are not HTTP/1.1. */
  request_malformed: { type: 'illegal_argument_exception', status: 400, scope: 'request', retryable: false },
  request_line_too_long: { type: 'too_long_http_line_exception', status: 414, scope: 'request', retryable: false },
  request_headers_too_long: { type: 'too_long_http_header_exception', status: 431, scope: 'request', retryable: false },
  content_too_long_exception: { type: 'content_too_long_exception', status: 413, scope: 'request', retryable: false },
  invalid_index_name_exception: {
    type: 'invalid_index_name_exception',
    status: 400,
    scope: 'request',
    retryable: false,
  },
  invalid_alias_name_exception: {
    type: 'invalid_alias_name_exception',
    status: 400,
    scope: 'request',
    retryable: false,
  },
  /** The cluster's limit of shards would be exceeded. */
  validation_exception: { type: 'validation_exception', status: 400, scope: 'request', retryable: false },
  /** The cluster has a block that an administrator must lift. */
  cluster_block_exception: { type: 'cluster_block_exception', status: 403, scope: 'request', retryable: false },
  snapshot_restore_exception: { type: 'snapshot_restore_exception', status: 500, scope: 'request', retryable: false },
  concurrent_snapshot_execution_exception: {
    type: 'concurrent_snapshot_execution_exception',
    status: 503,
    scope: 'request',
    retryable: false,
  },
  /** The snapshot was deleted while it was being taken; thrown to callers that wait for it. */
  snapshot_aborted: { type: 'snapshot_exception', status: 500, scope: 'request', retryable: false },
  /** A new snapshot that the engines refuse in the same words. */
  snapshot_refused: { type: 'snapshot_exception', status: 500, scope: 'request', retryable: false },
  repository_in_use: { type: 'repository_exception', status: 409, scope: 'repository', retryable: false },
  // The repository can't be used with its configuration.
  repository_readonly: { type: 'repository_exception', status: 500, scope: 'repository', retryable: false },
  repository_settings_invalid: { type: 'repository_exception', status: 400, scope: 'repository', retryable: false },
  repository_verification_exception: {
    type: 'repository_verification_exception',
    status: 500,
    scope: 'repository',
    retryable: false,
  },
  repository_corrupt: { type: 'repository_exception', status: 500, scope: 'shard', retryable: false },
  /** A segment is compressed with a codec that is not installed here. */
  codec_unavailable: { type: 'repository_exception', status: 500, scope: 'shard', retryable: false },
  // The object store. Callers handle `blob_exists` and `blob_missing`.
  blob_missing: { type: 'repository_exception', status: 500, scope: 'shard', retryable: false },
  blob_exists: { type: 'repository_exception', status: 500, scope: 'shard', retryable: false },
  store_access_denied: { type: 'repository_exception', status: 500, scope: 'repository', retryable: false },
  store_bucket_missing: { type: 'repository_exception', status: 500, scope: 'repository', retryable: false },
  store_rejected: { type: 'repository_exception', status: 500, scope: 'repository', retryable: false },
  store_unavailable: { type: 'repository_exception', status: 503, scope: 'repository', retryable: true },
  store_integrity: { type: 'repository_exception', status: 500, scope: 'repository', retryable: true },
  // The cluster.
  cluster_unavailable: { type: 'cluster_unavailable_exception', status: 503, scope: 'service', retryable: true },
  cluster_access_denied: { type: 'security_exception', status: 403, scope: 'shard', retryable: false },
  cluster_rejected: { type: 'cluster_rejected_exception', status: 500, scope: 'shard', retryable: false },
  /** A view (point in time, scroll) expired, or its contents changed: open another and count again. */
  view_lost: { type: 'view_lost_exception', status: 503, scope: 'shard', retryable: true },
  source_disabled: { type: 'source_disabled_exception', status: 400, scope: 'shard', retryable: false },
  document_rejected: { type: 'document_rejected_exception', status: 400, scope: 'shard', retryable: false },
  /** The cluster returned a document that is not valid JSON. */
  document_unreadable: { type: 'document_unreadable_exception', status: 500, scope: 'shard', retryable: false },
  document_too_large: { type: 'document_too_large_exception', status: 413, scope: 'shard', retryable: false },
  shard_inconsistent: { type: 'shard_inconsistent_exception', status: 500, scope: 'shard', retryable: false },
  // The service itself.
  temporal_unavailable: { type: 'temporal_unavailable_exception', status: 503, scope: 'service', retryable: true },
  worker_unavailable: { type: 'worker_unavailable_exception', status: 503, scope: 'service', retryable: true },
  /** Not retryable, because the commit's plan is out of date: the job plans again from the newest snapshot. */
  base_changed: { type: 'concurrent_snapshot_execution_exception', status: 503, scope: 'request', retryable: false },
  internal: { type: 'exception', status: 500, scope: 'service', retryable: false },
} as const satisfies Record<string, { type: string; status: number; scope: ErrorScope; retryable: boolean }>;

/**
 * The extent of a failure: the request alone, one shard (an index, an object) while others continue, every job of the
 * repository, or all of Snapkeep.
 */
type ErrorScope = 'request' | 'shard' | 'repository' | 'service';

/** A code of the table. */
export type ErrorCode = keyof typeof ERROR_TABLE;

/** Facts about the failure: names, keys, expected and actual values. Never a secret. */
export type ErrorDetails = Record<string, string | number | boolean | string[] | undefined>;

/** An error with a code of the table, a message that names the thing, the cause and the way out, and its cause. */
export class SnapkeepError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SnapkeepError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }

  get scope(): ErrorScope {
    return ERROR_TABLE[this.code].scope;
  }
}

/** Returns whether `error` is a {@link SnapkeepError}, optionally with the given code. */
export function isSnapkeepError(error: unknown, code?: ErrorCode): error is SnapkeepError {
  return error instanceof SnapkeepError && (code === undefined || error.code === code);
}

/** Returns whether `value` is a code of the table, as the `type` of a workflow failure may be. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_TABLE, value);
}
