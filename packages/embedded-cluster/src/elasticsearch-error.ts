/** Facts that Elasticsearch prints beside type and reason, such as `index` and `index_uuid`. */
type ErrorFacts = Readonly<Record<string, unknown>>;

/**
 * Carries an error as Elasticsearch answers it: a type, a sentence, an HTTP status. The embedded cluster imitates a
 * server with hundreds of types, so it has its own class instead of the catalogue of Snapkeep's own errors.
 */
export class ElasticsearchError extends Error {
  constructor(
    readonly type: string,
    readonly reason: string,
    readonly status: number,
    readonly facts: ErrorFacts = {},
    readonly causedBy?: ErrorFacts,
  ) {
    super(reason);
    this.name = 'ElasticsearchError';
  }

  /** `{type, reason, …facts}`: the form used in bulk items and in `root_cause`. */
  toCause(): Record<string, unknown> {
    return { type: this.type, reason: this.reason, ...this.facts };
  }

  /** As {@link toCause}, with what caused it. */
  toItem(): Record<string, unknown> {
    return this.causedBy ? { ...this.toCause(), caused_by: this.causedBy } : this.toCause();
  }

  /** The whole answer: `{"error":{"root_cause":[…],"type","reason"},"status"}`. */
  toEnvelope(): Record<string, unknown> {
    return { error: { root_cause: [this.toCause()], ...this.toItem() }, status: this.status };
  }
}

/** Carries an answer whose `error` is a bare sentence, as Elasticsearch gives for a missing alias or a wrong method. */
export class PlainError extends ElasticsearchError {
  constructor(reason: string, status: number) {
    super('plain', reason, status);
  }

  override toEnvelope(): Record<string, unknown> {
    return { error: this.reason, status: this.status };
  }
}

/** Wraps an error that every shard of a search answered with, as Elasticsearch does. */
export class SearchPhaseError extends ElasticsearchError {
  constructor(
    override readonly cause: ElasticsearchError,
    private readonly failedShards: readonly Record<string, unknown>[],
    private readonly phase = 'query',
  ) {
    super('search_phase_execution_exception', 'all shards failed', cause.status);
  }

  override toEnvelope(): Record<string, unknown> {
    const cause = this.cause.toCause();
    const failedShards = this.failedShards.map((shard) => ({ ...shard, reason: cause }));
    const error: Record<string, unknown> = {
      root_cause: [cause],
      type: this.type,
      reason: this.reason,
      phase: this.phase,
      grouped: true,
      failed_shards: failedShards,
    };
    if (this.status === 400) error['caused_by'] = { ...cause, caused_by: cause };
    return { error, status: this.status };
  }
}

/** Returns the 400 for a value that Elasticsearch does not take. */
export const illegalArgument = (reason: string): ElasticsearchError =>
  new ElasticsearchError('illegal_argument_exception', reason, 400);

/** Returns the 400 that refuses by name what the embedded cluster leaves out; nothing is ignored. */
export const unsupported = (what: string): ElasticsearchError =>
  illegalArgument(`the embedded cluster does not support ${what}; use Elasticsearch or OpenSearch for it`);

/** Returns the 400 for a body that can't be parsed. */
export const parsingError = (reason: string): ElasticsearchError =>
  new ElasticsearchError('parsing_exception', reason, 400);

/** Returns the 400 for a request that is invalid whatever the index contains. */
export const validationError = (reason: string): ElasticsearchError =>
  new ElasticsearchError('action_request_validation_exception', `Validation Failed: 1: ${reason};`, 400);

/** Returns the 404 for the name of a missing index. */
export const indexNotFound = (name: string): ElasticsearchError =>
  new ElasticsearchError('index_not_found_exception', `no such index [${name}]`, 404, {
    'resource.type': 'index_or_alias',
    'resource.id': name,
    index_uuid: '_na_',
    index: name,
  });

/** Returns the 400 for an operation that needs the index open. */
export const indexClosed = (index: { name: string; uuid: string }): ElasticsearchError =>
  new ElasticsearchError('index_closed_exception', 'closed', 400, { index_uuid: index.uuid, index: index.name });
