import fc from 'fast-check';
import { parse } from 'yaml';
import { decodeCbor, encodeCbor } from '../../src/elasticsearch/cbor';
import { type Json, RawJson } from '../../src/elasticsearch/json-value';
import { printYaml } from '../../src/elasticsearch/print-yaml';

const ANSWER: Json = {
  snapshots: [
    {
      snapshot: 'bb',
      indices: ['a', 'b'],
      data_streams: [],
      metadata: new RawJson('{"a":[1,{"b":null}]}'),
      left: undefined,
    },
    { snapshot: 'on', shards: { '0': { total: 3 } } },
  ],
  total: 2,
};

describe('YAML', () => {
  it('is printed as the engines print it', () => {
    expect(printYaml(ANSWER)).toBe(`---
snapshots:
- snapshot: "bb"
  indices:
  - "a"
  - "b"
  data_streams: []
  metadata:
    a:
    - 1
    - b: null
- snapshot: "on"
  shards:
    "0":
      total: 3
total: 2
`);
    expect(printYaml([])).toBe('---\n[]\n');
    expect(printYaml([{ id: 'a', type: 'fs' }])).toBe('---\n- id: "a"\n  type: "fs"\n');
  });

  it('says the same as the JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        // YAML 1.2 reads -0 as 0.
        expect(parse(printYaml(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('CBOR', () => {
  it('is written as the engines write it', () => {
    const head = 'bf69736e617073686f74739fbf68736e617073686f74626262';
    expect(encodeCbor(ANSWER).toString('hex').startsWith(head)).toBe(true);
    expect(encodeCbor([0, 23, 24, 256, 1_795_725_922_844, -1, 1.5, true, null]).toString('hex')).toBe(
      '9f001718181901001b000001a2199b121c20fb3ff8000000000000f5f6ff',
    );
  });

  it('is read back whole', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeCbor(encodeCbor(value as Json))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('is read with lengths, tags and texts in parts', () => {
    expect(decodeCbor(Buffer.from('d9d9f7a2616101616283f63903e7fa3fc00000', 'hex'))).toEqual({
      a: 1,
      b: [null, -1000, 1.5],
    });
    expect(decodeCbor(Buffer.from('7f61616162ff', 'hex'))).toBe('ab');
  });

  it.each(['', 'a1', '9f', '0000', '42abcd', 'ff', 'a10102', '1bffffffffffffffff', '81ff', '9f'.repeat(2_000)])(
    'is refused where it is broken: %s',
    (hex) => {
      expect(() => decodeCbor(Buffer.from(hex, 'hex'))).toThrow();
    },
  );
});
