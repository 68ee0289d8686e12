import { boolean, names, rawObject, text } from '../fields/body-kinds';
import { noFeatureStates } from '../fields/feature-states';
import { refusing } from '../fields/field-table';
import { boolean as booleanParameter } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

const overOpenIndex = refusing(booleanParameter(false), (isAsked) =>
  isAsked
    ? '[restore_over_open_index] is not supported yet: delete the index, or restore it under another name'
    : undefined,
);

export const RESTORE_SNAPSHOT = {
  request: 'POST /_snapshot/{repo}/{snap}/_restore',
  parameters: {
    wait_for_completion: { kind: booleanParameter(false), meaning: 'answers when the restore has ended' },
    restore_over_open_index: { kind: overOpenIndex, meaning: '`true` is refused' },
  },
  body: {
    // Alibaba's documentation spells it `Indices`.
    indices: { kind: names, alias: 'Indices', meaning: 'names, wildcards, `-exclusions` among those of the snapshot' },
    ignore_unavailable: { kind: boolean(false), meaning: 'as in Elasticsearch' },
    include_global_state: {
      kind: boolean(false),
      meaning:
        '`true`: persistent settings, composable templates, pipelines, policies and stored scripts become those of the snapshot, legacy templates are added; below',
    },
    include_aliases: { kind: boolean(true), meaning: 'as in Elasticsearch' },
    partial: { kind: boolean(false), meaning: 'as in Elasticsearch' },
    rename_pattern: {
      kind: text,
      meaning:
        "Java's regular expressions, with Java's meaning and matched in linear time. A 400 names what cannot be: lookaround, back-references, possessive quantifiers, atomic groups, repetitions of what may match nothing, `(?x)`, `(?u)`, `(?U)`. One half of a pair alone renames nothing, as in Elasticsearch",
    },
    rename_replacement: { kind: text, meaning: 'with `$1` and `${name}`' },
    rename_alias_pattern: { kind: text, meaning: 'as `rename_pattern`, for aliases' },
    rename_alias_replacement: { kind: text, meaning: 'as `rename_replacement`, for aliases' },
    index_settings: { kind: rawObject, meaning: 'as in Elasticsearch' },
    ignore_index_settings: { kind: names, meaning: 'as in Elasticsearch' },
    feature_states: { kind: noFeatureStates, meaning: 'only `[]` and `["none"]`' },
  },
} satisfies RequestTable;
