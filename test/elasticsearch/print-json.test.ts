import fc from 'fast-check';
import { filterPath } from '../../src/elasticsearch/filter-path';
import { type Json, type JsonObject, RawJson } from '../../src/elasticsearch/json-value';
import { printJson } from '../../src/elasticsearch/print-json';

describe('printing JSON', () => {
  it('prints what JSON.stringify prints', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(printJson(value as Json, false)).toBe(JSON.stringify(value));
        expect(JSON.parse(printJson(value as Json, true))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('prints raw JSON as it was given and leaves out what is undefined', () => {
    const value = { a: undefined, metadata: new RawJson('{"id":  9007199254740993, "n": 1.0}') };
    expect(printJson(value, false)).toBe('{"metadata":{"id":  9007199254740993, "n": 1.0}}');
  });

  it('indents for people as Elasticsearch does', () => {
    expect(printJson({ a: [1, { b: true }], c: {}, d: [] }, true)).toBe(
      '{\n  "a" : [\n    1,\n    {\n      "b" : true\n    }\n  ],\n  "c" : {},\n  "d" : []\n}\n',
    );
  });
});

describe('filter_path', () => {
  const value: JsonObject = {
    snapshots: [
      { snapshot: 'a', state: 'SUCCESS', shards: { total: 2, failed: 0 } },
      { snapshot: 'b', state: 'PARTIAL', shards: { total: 2, failed: 1 } },
    ],
    total: 2,
    metadata: new RawJson('{}'),
  };
  const filtered = (expression: string): unknown => JSON.parse(printJson(filterPath(value, expression), false));

  it.each([
    ['total', { total: 2 }],
    ['snapshots.snapshot', { snapshots: [{ snapshot: 'a' }, { snapshot: 'b' }] }],
    ['snapshots.s*e', { snapshots: [{ state: 'SUCCESS' }, { state: 'PARTIAL' }] }],
    ['**.failed', { snapshots: [{ shards: { failed: 0 } }, { shards: { failed: 1 } }] }],
    ['snapshots.shards,total,-**.total', { snapshots: [{ shards: { failed: 0 } }, { shards: { failed: 1 } }] }],
    ['-snapshots', { total: 2, metadata: {} }],
    ['metadata', { metadata: {} }],
    ['nothing.here', {}],
    ['*', { snapshots: (value.snapshots as unknown[]).slice(), total: 2, metadata: {} }],
  ])('keeps %s', (expression, kept) => {
    expect(filtered(expression)).toEqual(kept);
  });
});
