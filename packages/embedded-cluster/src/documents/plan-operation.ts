import { ElasticsearchError } from '../elasticsearch-error';
import type { IndexMetadata } from '../metadata/index-metadata';
import type { IdEntry } from '../storage/id-index';

export type VersionType = 'internal' | 'external' | 'external_gte';

/** All operations are of the first term: a single node has no other primary. */
export const PRIMARY_TERM = 1;

/** What a write asks of the document it replaces. */
export interface WriteConditions {
  /** The document must not exist. */
  readonly create?: boolean;
  readonly version?: bigint;
  readonly versionType?: VersionType;
  readonly ifSeqNo?: number;
  readonly ifPrimaryTerm?: number;
}

/**
 * Returns the `_version` that the operation gets after `current`, the last operation on its `_id` (a tombstone
 * included, as in Elasticsearch). Throws `version_conflict_engine_exception` where the conditions do not hold.
 */
export function nextVersion(
  current: IdEntry | undefined,
  id: string,
  conditions: WriteConditions,
  place: { index: IndexMetadata; shard: number },
): bigint {
  const conflict = (reason: string): ElasticsearchError =>
    new ElasticsearchError('version_conflict_engine_exception', `[${id}]: version conflict, ${reason}`, 409, {
      index_uuid: place.index.uuid,
      shard: String(place.shard),
      index: place.index.name,
    });
  const exists = current !== undefined && !current.deleted;
  const { ifSeqNo, ifPrimaryTerm, version, versionType } = conditions;
  if (ifSeqNo !== undefined) {
    const required = `required seqNo [${ifSeqNo}], primary term [${ifPrimaryTerm ?? 0}].`;
    if (!exists) throw conflict(`${required} but no document was found`);
    if (current.seq !== ifSeqNo || ifPrimaryTerm !== PRIMARY_TERM) {
      throw conflict(`${required} current document has seqNo [${current.seq}] and primary term [${PRIMARY_TERM}]`);
    }
  }
  if (conditions.create === true && exists) {
    throw conflict(`document already exists (current version [${current.version}])`);
  }
  if (version !== undefined && (versionType === 'external' || versionType === 'external_gte')) {
    if (current !== undefined) {
      const isTooOld = versionType === 'external' ? current.version >= version : current.version > version;
      const relation = versionType === 'external' ? 'higher or equal to' : 'higher than';
      if (isTooOld) throw conflict(`current version [${current.version}] is ${relation} the one provided [${version}]`);
    }
    return version;
  }
  return current === undefined ? 1n : current.version + 1n;
}
