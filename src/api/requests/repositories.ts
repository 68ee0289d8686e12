import { type BodyKind, object } from '../fields/body-kinds';
import { unread } from '../fields/field-table';
import { boolean } from '../fields/parameter-kinds';
import { type RequestTable } from './request-table';

/** As in Elasticsearch, anything but text counts as missing. */
const repositoryType: BodyKind<string> = {
  form: 'text',
  otherwise: '',
  read: ({ value }) => (typeof value === 'string' ? value : ''),
};

export const PUT_REPOSITORY = {
  request: 'PUT, POST /_snapshot/{repo}',
  parameters: {
    verify: {
      kind: boolean(true),
      meaning: "checks that the front door and every worker can use the store and see each other's objects",
    },
  },
  body: {
    type: { kind: repositoryType, meaning: 'required: `oss`, `s3`, `fs`' },
    settings: { kind: object, meaning: 'by type, below' },
  },
} satisfies RequestTable;

export const GET_REPOSITORIES = {
  request: 'GET /_snapshot, /_snapshot/{repo,…}',
  parameters: { local: { kind: unread(), meaning: 'accepted' } },
} satisfies RequestTable;

export const VERIFY_REPOSITORY = { request: 'POST /_snapshot/{repo}/_verify', parameters: {} } satisfies RequestTable;

export const CLEANUP_REPOSITORY = { request: 'POST /_snapshot/{repo}/_cleanup', parameters: {} } satisfies RequestTable;

export const DELETE_REPOSITORY = { request: 'DELETE /_snapshot/{repo}', parameters: {} } satisfies RequestTable;
