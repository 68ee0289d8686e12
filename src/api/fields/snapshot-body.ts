import { type SnapshotRequest } from '../../contracts/jobs/snapshot';
import { type JsonBody } from '../http/body';
import {
  booleanField,
  checkObject,
  illegal,
  namesField,
  refuseFeatureStates,
  refuseUnknown,
  wildcardsField,
} from './body-fields';

const KNOWN = [
  'indices',
  'ignore_unavailable',
  'include_global_state',
  'partial',
  'metadata',
  'expand_wildcards',
  'feature_states',
];

/** As in Elasticsearch. */
const MAX_METADATA_BYTES = 1024;

/** The body of `PUT /_snapshot/{repository}/{snapshot}`. Throws `illegal_argument_exception`. */
export function parseSnapshotBody(body: JsonBody): SnapshotRequest {
  const { members } = body;
  refuseUnknown(members, KNOWN);
  refuseFeatureStates(members.get('feature_states'));
  return {
    indices: namesField('indices', members.get('indices')),
    ignoreUnavailable: booleanField('ignore_unavailable', members.get('ignore_unavailable'), false),
    includeGlobalState: booleanField('include_global_state', members.get('include_global_state'), true),
    partial: booleanField('partial', members.get('partial'), false),
    expandWildcards: wildcardsField(members.get('expand_wildcards')),
    metadata: metadata(body),
  };
}

function metadata(body: JsonBody): string | undefined {
  const value = body.members.get('metadata');
  checkObject('metadata', value);
  const raw = value === undefined || value === null ? undefined : body.raw('metadata');
  const bytes = Buffer.byteLength(raw ?? '');
  if (bytes > MAX_METADATA_BYTES) {
    throw illegal(`metadata must be smaller than ${MAX_METADATA_BYTES} bytes, but was [${bytes}]`);
  }
  return raw;
}
