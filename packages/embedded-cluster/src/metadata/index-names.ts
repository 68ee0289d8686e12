import { ElasticsearchError } from '../elasticsearch-error';
import type { ClusterState } from './index-metadata';

const FORBIDDEN = /[ "*,/<>?\\|]/;

const invalid = (name: string, why: string): ElasticsearchError =>
  new ElasticsearchError('invalid_index_name_exception', `Invalid index name [${name}], ${why}`, 400, {
    index_uuid: '_na_',
    index: name,
  });

/**
 * Throws Elasticsearch's `invalid_index_name_exception` unless `name` may be given to a new index: its
 * MetadataCreateIndexService.validateIndexOrAliasName, in the same order.
 */
function validateIndexName(name: string): void {
  if (FORBIDDEN.test(name)) {
    const list = `[' ','"','*',',','/','<','>','?','\\','|']`;
    throw invalid(name, `must not contain the following characters ${list}`);
  }
  if (name === '') throw invalid(name, 'must not be empty');
  if (name.includes('#')) throw invalid(name, `must not contain '#'`);
  if (name.includes(':')) throw invalid(name, `must not contain ':'`);
  if (/^[_\-+]/.test(name)) throw invalid(name, `must not start with '_', '-', or '+'`);
  if (Buffer.byteLength(name) > 255) {
    throw invalid(name, `index name is too long, (${Buffer.byteLength(name)} > 255)`);
  }
  if (name === '.' || name === '..') throw invalid(name, `must not be '.' or '..'`);
  if (name.toLowerCase() !== name) throw invalid(name, 'must be lowercase');
}

/** Throws unless a new index may have the name: {@link validateIndexName} takes it, and it is not in use. */
export function validateNewIndex(state: ClusterState, name: string): void {
  validateIndexName(name);
  const existing = state.indices.get(name);
  if (existing !== undefined) {
    throw new ElasticsearchError(
      'resource_already_exists_exception',
      `index [${name}/${existing.uuid}] already exists`,
      400,
      { index_uuid: existing.uuid, index: name },
    );
  }
  if (state.ofAlias(name).length > 0) throw invalid(name, 'already exists as alias');
}

/** Returns the 400 for a name in a request that can only be a misspelt API: `/_foo`. */
export const reservedName = (name: string): ElasticsearchError => invalid(name, `must not start with '_'.`);

/** Throws unless `alias` may become an alias of an index. */
export function validateAliasName(state: ClusterState, alias: string): void {
  const reject = (why: string): ElasticsearchError =>
    new ElasticsearchError('invalid_alias_name_exception', `Invalid alias name [${alias}]: ${why}`, 400);
  if (FORBIDDEN.test(alias)) {
    throw reject(`must not contain the following characters [' ','"','*',',','/','<','>','?','\\','|']`);
  }
  if (alias === '') throw reject('must not be empty');
  if (/^[_\-+]/.test(alias)) throw reject(`must not start with '_', '-', or '+'`);
  if (/[#:]/.test(alias)) throw reject(`must not contain '#' or ':'`);
  if (Buffer.byteLength(alias) > 255) throw reject(`index name is too long, (${Buffer.byteLength(alias)} > 255)`);
  if (state.indices.has(alias)) throw reject('an index or data stream exists with the same name as the alias');
}
