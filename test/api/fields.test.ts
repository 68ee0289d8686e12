import { Readable } from 'node:stream';
import { type Request } from 'express';
import { readBody } from '../../src/api/fields/read-body';
import { readParameters } from '../../src/api/fields/read-parameters';
import { JsonBody } from '../../src/api/http/body';
import { CREATE_SNAPSHOT } from '../../src/api/requests/create-snapshot';
import { GET_SNAPSHOTS } from '../../src/api/requests/get-snapshots';
import { PUT_REPOSITORY } from '../../src/api/requests/repositories';
import { RESTORE_SNAPSHOT } from '../../src/api/requests/restore-snapshot';

const query = (text: string): Pick<Request, 'originalUrl' | 'path'> => ({
  originalUrl: `/path?${text}`,
  path: '/path',
});

async function bodyOf(text: string): Promise<JsonBody> {
  return JsonBody.read(Object.assign(Readable.from([Buffer.from(text)]), { headers: {} }) as unknown as Request);
}

describe('a table of parameters', () => {
  it('gives every parameter its default', () => {
    expect(readParameters(query(''), GET_SNAPSHOTS.parameters)).toEqual({
      ignoreUnavailable: false,
      includeRepository: true,
      indexDetails: false,
      indexNames: true,
      offset: 0,
      order: 'asc',
      size: -1,
      sort: 'start_time',
      verbose: true,
    });
  });

  it('reads values by their kind, a boolean without a value as true', () => {
    const parsed = readParameters(
      query('index_details&size=7&order=desc&state=success,PARTIAL&%20after=x%20&timeout=1m'),
      GET_SNAPSHOTS.parameters,
    );
    expect(parsed).toMatchObject({
      indexDetails: true,
      size: 7,
      order: 'desc',
      state: ['SUCCESS', 'PARTIAL'],
      after: 'x',
    });
    expect(parsed).not.toHaveProperty('timeout');
  });

  it.each([
    ['a=1', 'request [/path] contains unrecognized parameter: [a]'],
    ['verbose=yes', 'Failed to parse value [yes] as only [true] or [false] are allowed.'],
    ['size=', 'Failed to parse int parameter [size] with value []'],
    ['order=up', 'unknown value [up] of [order]: one of [asc, desc]'],
    ['offset=-2', 'offset must not be negative but was [-2]'],
    ['timeout=5', 'failed to parse setting [timeout] with value [5] as a time value: unit is missing or unrecognized'],
  ])('refuses ?%s', (text, message) => {
    expect(() => readParameters(query(text), GET_SNAPSHOTS.parameters)).toThrow(
      expect.objectContaining({ code: 'illegal_argument_exception', message }),
    );
  });
});

describe('a table of body fields', () => {
  it('gives every field its default, also where it is null', async () => {
    const defaults = { ignoreUnavailable: false, includeGlobalState: true, partial: false };
    expect(readBody(await bodyOf(''), CREATE_SNAPSHOT.body)).toEqual(defaults);
    const nulls = Object.keys(CREATE_SNAPSHOT.body).map((name) => [name, null]);
    expect(readBody(await bodyOf(JSON.stringify(Object.fromEntries(nulls))), CREATE_SNAPSHOT.body)).toEqual(defaults);
  });

  it('keeps the text of a raw object, and takes the second spelling of a name', async () => {
    const body = await bodyOf('{"Indices": "a,b", "index_settings": {"n": 1.0}, "partial": "true"}');
    expect(readBody(body, RESTORE_SNAPSHOT.body)).toEqual({
      ignoreUnavailable: false,
      includeAliases: true,
      includeGlobalState: false,
      indexSettings: '{"n": 1.0}',
      indices: ['a', 'b'],
      partial: true,
    });
  });

  it('takes a type that is not text as missing', async () => {
    expect(readBody(await bodyOf('{"type": 1}'), PUT_REPOSITORY.body)).toEqual({ type: '', settings: {} });
  });

  it.each([
    [
      '{"index":"a"}',
      'Unknown parameter [index]; the request body knows [indices, Indices, ignore_unavailable, ' +
        'include_global_state, include_aliases, partial, rename_pattern, rename_replacement, rename_alias_pattern, ' +
        'rename_alias_replacement, index_settings, ignore_index_settings, feature_states]',
    ],
    ['{"indices":null,"Indices":"b"}', '[indices] and [Indices] are the same: give one'],
    ['{"partial":{"a":1}}', 'Failed to parse value [{"a":1}] of [partial] as only [true] or [false] are allowed.'],
    ['{"rename_pattern":1}', 'malformed rename_pattern, should be a string'],
    ['{"ignore_index_settings":[1]}', 'malformed ignore_index_settings section, should be an array of strings'],
    ['{"feature_states":["none","kibana"]}', '[feature_states] other than [none] are not supported by Snapkeep'],
  ])('refuses %s', async (text, message) => {
    const body = await bodyOf(text);
    expect(() => readBody(body, RESTORE_SNAPSHOT.body)).toThrow(
      expect.objectContaining({ code: 'illegal_argument_exception', message }),
    );
  });
});
