import { type RestoreRequest } from '../../contracts/jobs/restore';
import { javaRename } from '../../elasticsearch/java-rename';
import { type JsonBody } from '../http/body';
import {
  booleanField,
  checkObject,
  illegal,
  namesField,
  refuseFeatureStates,
  refuseUnknown,
  textField,
} from './body-fields';

const KNOWN = [
  'indices',
  // Spelt so in Alibaba's documentation.
  'Indices',
  'ignore_unavailable',
  'include_global_state',
  'include_aliases',
  'partial',
  'rename_pattern',
  'rename_replacement',
  'rename_alias_pattern',
  'rename_alias_replacement',
  'index_settings',
  'ignore_index_settings',
  'feature_states',
];

/** The body of `POST /_snapshot/{repository}/{snapshot}/_restore`. Throws `illegal_argument_exception`. */
export function parseRestoreBody(body: JsonBody): RestoreRequest {
  const { members } = body;
  refuseUnknown(members, KNOWN);
  refuseFeatureStates(members.get('feature_states'));
  if (members.has('indices') && members.has('Indices')) throw illegal('[indices] and [Indices] are the same: give one');
  checkObject('index_settings', members.get('index_settings'));
  const text = (name: string): string | undefined => textField(name, members.get(name));
  const request: RestoreRequest = {
    indices: namesField('indices', members.get('indices') ?? members.get('Indices')),
    ignoreUnavailable: booleanField('ignore_unavailable', members.get('ignore_unavailable'), false),
    includeGlobalState: booleanField('include_global_state', members.get('include_global_state'), false),
    includeAliases: booleanField('include_aliases', members.get('include_aliases'), true),
    partial: booleanField('partial', members.get('partial'), false),
    renamePattern: text('rename_pattern'),
    renameReplacement: text('rename_replacement'),
    renameAliasPattern: text('rename_alias_pattern'),
    renameAliasReplacement: text('rename_alias_replacement'),
    indexSettings: members.get('index_settings') == null ? undefined : body.raw('index_settings'),
    ignoreIndexSettings: namesField('ignore_index_settings', members.get('ignore_index_settings')),
  };
  if (request.includeGlobalState) {
    throw illegal('[include_global_state] can only be [false]: no snapshot of Snapkeep holds a cluster state');
  }
  checkRename(request.renamePattern, request.renameReplacement);
  checkRename(request.renameAliasPattern, request.renameAliasReplacement);
  return request;
}

/** A pattern that cannot be used is refused before anything is started. One half alone renames nothing, as in Elasticsearch. */
function checkRename(pattern: string | undefined, replacement: string | undefined): void {
  if (pattern !== undefined && replacement !== undefined) javaRename(pattern, replacement);
}
