import { ElasticsearchError, illegalArgument, validationError } from '../elasticsearch-error';
import { findJsonFault } from '../json-validator';
import { objectMembers } from '../raw-json';
import type { VersionType, WriteConditions } from './plan-operation';

export type Action = 'index' | 'create' | 'update' | 'delete';

interface PartialUpdate {
  readonly doc?: Buffer;
  readonly upsert?: Buffer;
  readonly docAsUpsert: boolean;
  readonly detectNoop: boolean;
  /** The answer carries the document as it is afterwards. */
  readonly returnSource: boolean;
}

/** One write, wherever it came from: a line of a bulk or a request of its own. */
export interface ItemRequest {
  readonly action: Action;
  readonly index: string;
  /** Undefined: one is made up. */
  readonly id: string | undefined;
  readonly routing: string | undefined;
  readonly conditions: WriteConditions;
  readonly requireAlias: boolean;
  /** The document; empty for a delete or an update. */
  readonly source: Buffer;
  readonly update?: PartialUpdate | undefined;
  /** Why this one fails whatever it meets; the others of its bulk go on. */
  readonly fault?: ElasticsearchError | undefined;
}

const MAX_ID_BYTES = 512;
const NO_BYTES = Buffer.alloc(0);

export const noSource = NO_BYTES;

/** Reads a `version_type`. Throws Elasticsearch's 400 for an unknown one. */
export function parseVersionType(value: string): VersionType {
  if (value === 'internal' || value === 'external' || value === 'external_gte') return value;
  if (value === 'external_gt') return 'external';
  throw illegalArgument(`No version type match [${value}]`);
}

/** Checks conditions that do not need the index; Elasticsearch refuses the whole request for them. */
export function checkConditions(action: Action, id: string | undefined, conditions: WriteConditions): void {
  const { version, versionType, ifSeqNo, ifPrimaryTerm } = conditions;
  if (id !== undefined && id.length > MAX_ID_BYTES / 4 && Buffer.byteLength(id) > MAX_ID_BYTES) {
    throw validationError(
      `id [${id}] is too long, must be no longer than ${MAX_ID_BYTES} bytes but was: ${Buffer.byteLength(id)}`,
    );
  }
  if (version !== undefined && (versionType === undefined || versionType === 'internal')) {
    throw validationError(
      'internal versioning can not be used for optimistic concurrency control. ' +
        'Please use `if_seq_no` and `if_primary_term` instead',
    );
  }
  if (version !== undefined && version < 0n) {
    throw validationError(
      `illegal version value [${version}] for version type [${(versionType ?? 'internal').toUpperCase()}]`,
    );
  }
  if (ifSeqNo !== undefined && (ifPrimaryTerm === undefined || ifPrimaryTerm === 0)) {
    throw validationError('ifSeqNo is set, but primary term is [0]');
  }
  if (ifSeqNo === undefined && ifPrimaryTerm !== undefined && ifPrimaryTerm !== 0) {
    throw validationError(`ifSeqNo is unassigned, but primary term is [${ifPrimaryTerm}]`);
  }
  if (ifSeqNo !== undefined && version !== undefined) {
    throw validationError('compare and write operations can not use versioning');
  }
  if (action === 'create' && version !== undefined) {
    throw validationError(`create operations only support internal versioning. use index instead`);
  }
}

/** Returns the error for a source that is not one JSON object; undefined for one that is. */
export function sourceFault(source: Buffer): ElasticsearchError | undefined {
  const fault = findJsonFault(source);
  if (fault === undefined) return undefined;
  const reason = `[1:${fault.offset + 1}] ${fault.detail}`;
  const cause = { type: 'x_content_parse_exception', reason };
  return new ElasticsearchError(
    'document_parsing_exception',
    `[1:1] failed to parse: ${reason}`,
    400,
    undefined,
    cause,
  );
}

/** Returns the error for a source that is not valid UTF-8. */
export const notUtf8 = (): ElasticsearchError =>
  new ElasticsearchError('document_parsing_exception', '[1:1] failed to parse: Invalid UTF-8', 400);

/** Reads the body of an update: `doc`, `upsert`, `doc_as_upsert`, `detect_noop`. */
export function parseUpdate(body: Buffer): PartialUpdate {
  if (findJsonFault(body) !== undefined) {
    throw new ElasticsearchError('x_content_parse_exception', 'the update is not a JSON object', 400);
  }
  let update: PartialUpdate = { docAsUpsert: false, detectNoop: true, returnSource: false };
  for (const { key, start, end } of objectMembers(body)) {
    const text = body.subarray(start, end);
    if (key === 'doc' || key === 'upsert') {
      if (findJsonFault(text) !== undefined) {
        throw new ElasticsearchError('x_content_parse_exception', `[UpdateRequest] [${key}] must be an object`, 400);
      }
      update = { ...update, [key]: text };
    } else if (key === 'doc_as_upsert') update = { ...update, docAsUpsert: text.toString('latin1') === 'true' };
    else if (key === 'detect_noop') update = { ...update, detectNoop: text.toString('latin1') !== 'false' };
    else if (key === '_source') update = { ...update, returnSource: text.toString('latin1') !== 'false' };
    else if (key === 'script' || key === 'scripted_upsert') {
      throw illegalArgument(`the embedded cluster does not support updates by script`);
    } else {
      throw new ElasticsearchError('x_content_parse_exception', `[1:2] [UpdateRequest] unknown field [${key}]`, 400);
    }
  }
  if (update.doc === undefined && update.upsert === undefined) throw validationError('script or doc is missing');
  return update;
}
