import { boolean, names, rawObject } from '../fields/body-kinds';
import { noFeatureStates } from '../fields/feature-states';
import { mapped, refusing } from '../fields/field-table';
import { boolean as booleanParameter } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

const WILDCARD_STATES = ['all', 'open', 'closed', 'hidden', 'none'];

const wildcardStates = mapped(
  refusing(names, (states) => {
    const wrong = states?.find((state) => !WILDCARD_STATES.includes(state));
    return wrong === undefined ? undefined : `No valid expand wildcard value [${wrong}]`;
  }),
  (states) => states?.join(','),
);

/** As in Elasticsearch. */
const MAX_METADATA_BYTES = 1024;

const metadata = refusing(rawObject, (raw) => {
  const bytes = Buffer.byteLength(raw ?? '');
  if (bytes <= MAX_METADATA_BYTES) return undefined;
  return `metadata must be smaller than ${MAX_METADATA_BYTES} bytes, but was [${bytes}]`;
});

export const CREATE_SNAPSHOT = {
  request: 'PUT, POST /_snapshot/{repo}/{snap}',
  parameters: {
    wait_for_completion: {
      kind: booleanParameter(false),
      meaning: 'answers when the snapshot has ended, and shows it',
    },
  },
  body: {
    indices: {
      kind: names,
      meaning:
        "names, aliases, wildcards, date math, `-exclusions`; default: all open indices, hidden ones too. A closed index that is named is a 400 `index_closed_exception`: its documents can't be read",
    },
    ignore_unavailable: { kind: boolean(false), meaning: 'as in Elasticsearch' },
    include_global_state: {
      kind: boolean(true),
      meaning: 'keeps persistent settings, templates, pipelines, policies and stored scripts, too',
    },
    partial: {
      kind: boolean(false),
      meaning:
        '`true`: shards that fail are left out, state `PARTIAL`; `false`: one failed shard makes the snapshot `FAILED`, listed with the reasons, without data',
    },
    metadata: { kind: metadata, meaning: 'kept as it came, at most 1,024 bytes' },
    expand_wildcards: {
      kind: wildcardStates,
      meaning: 'as in Elasticsearch: `all`, `open`, `closed`, `hidden`, `none`',
    },
    feature_states: { kind: noFeatureStates, meaning: 'only `[]` and `["none"]`' },
  },
} satisfies RequestTable;
