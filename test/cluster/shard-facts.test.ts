import fc from 'fast-check';
import { planSteps, sliceIndices } from '../../src/cluster/facts/index-metadata';
import { indexSegment, joinSegments } from '../../src/cluster/http/index-path';
import { joinParts } from '../../src/cluster/reading/open-reader';
import { statesOf } from '../../src/cluster/reading/shard-states';
import { leaveOut } from '../../src/cluster/writing/create-index';

const copy = (primary: boolean, state: string, globalCheckpoint: number, maxSeqNo = 20) => ({
  routing: { state, primary },
  docs: { count: 5 },
  store: { size_in_bytes: 1_000 },
  commit: { user_data: { history_uuid: 'h' } },
  seq_no: { max_seq_no: maxSeqNo, global_checkpoint: globalCheckpoint },
});
const stats = (...copies: ReturnType<typeof copy>[]) => ({ indices: { logs: { shards: { '3': copies } } } });

describe('the state of a shard', () => {
  it('has the smallest global checkpoint of the copies that searches may go to', () => {
    const [state] = statesOf(
      stats(copy(true, 'STARTED', 20), copy(false, 'STARTED', 17), copy(false, 'INITIALIZING', -1)),
    );
    expect(state).toEqual({
      index: 'logs',
      shard: 3,
      historyUuid: 'h',
      maxSeqNo: 20,
      globalCheckpoint: 17,
      documents: 5,
      storeBytes: 1_000,
    });
  });

  it('seals nothing while a copy does not know its checkpoint', () => {
    expect(statesOf(stats(copy(true, 'STARTED', 20), copy(false, 'STARTED', -2)))[0].globalCheckpoint).toBe(-1);
  });

  it('is missing without a primary that serves', () => {
    expect(statesOf(stats(copy(false, 'STARTED', 20)))).toEqual([]);
    expect(statesOf(stats(copy(true, 'INITIALIZING', 20)))).toEqual([]);
    expect(statesOf({})).toEqual([]);
  });
});

describe('metadata of indices', () => {
  it('is sliced, not parsed: integers beyond 2^53 and the order of keys stay', () => {
    const mappings =
      '{"properties":{"b":{"type":"long","null_value":9223372036854775807},"a":{"type":"float","null_value":1.10}}}';
    const body = `{"logs":{"aliases":{"x":{ }},"mappings":${mappings},"settings":{"index":{"uuid":"u","number_of_shards":"2","replication":{"type":"SEGMENT"}}}}}`;
    expect(sliceIndices(Buffer.from(body))).toMatchObject([
      {
        name: 'logs',
        uuid: 'u',
        numberOfShards: 2,
        mappings,
        aliases: '{"x":{ }}',
        segmentReplication: true,
      },
    ]);
  });

  it('tells what keeps an index from being read as ranges of sequence numbers', () => {
    const facts = (settings: object, mappings: object) =>
      sliceIndices(Buffer.from(JSON.stringify({ a: { aliases: {}, mappings, settings: { index: settings } } })))[0];
    expect(facts({ disable_sequence_numbers: 'true' }, {}).seqNoDisabled).toBe(true);
    expect(facts({}, { properties: { n: { type: 'long', doc_values: { updatable: true } } } }).seqNoDisabled).toBe(
      true,
    );
    expect(facts({ mapping: { source: { mode: 'disabled' } } }, {}).sourceDisabled).toBe(true);
    expect(facts({}, { _source: { enabled: false } }).sourceDisabled).toBe(true);
    expect(facts({}, { _source: { mode: 'synthetic' } })).toMatchObject({ sourceDisabled: false });
  });
});

describe('names in a path', () => {
  it('fill request lines without a name cut, lost or out of order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '-', 'é'), minLength: 1, maxLength: 255 }), {
          maxLength: 200,
        }),
        (names) => {
          const segments = names.map(encodeURIComponent);
          const lines = joinSegments(segments);
          expect(lines.join(',')).toBe(segments.join(','));
          for (const line of lines) expect(line.length).toBeLessThan(4_000);
        },
      ),
    );
  });

  it('are never more than one index', () => {
    expect(indexSegment('.ds-logs-2026.01.01-000001')).toBe('.ds-logs-2026.01.01-000001');
    for (const name of ['', '*', 'a*', 'a,b', '_all', '-a', '+a', '..', 'a b', 'a/b', 'a?', '<a>', '"']) {
      expect(() => indexSegment(name)).toThrow('not the name of one index');
    }
  });

  it('of a long expression are asked for in steps, exclusions after what they take away from', () => {
    const long = Array.from({ length: 40 }, (_, i) => `index-${i}-${'x'.repeat(100)}`);
    const steps = planSteps([...long, '-index-3*', 'more', '-x']);
    expect(steps.map(({ exclude }) => exclude)).toEqual([false, false, true, false, true]);
    expect(steps[2].path).toBe('index-3*');
    expect(planSteps(['a', '-b'])).toEqual([{ path: 'a,-b', exclude: false }]);
    expect(planSteps(undefined)).toEqual([{ path: '_all', exclude: false }]);
  });
});

describe('parts of a range', () => {
  it('cover it, hold all documents, and none more than asked for', () => {
    const arbitrary = fc.record({
      from: fc.nat(1_000),
      gaps: fc.array(
        fc.record({
          gap: fc.nat(50),
          width: fc.integer({ min: 1, max: 20 }),
          share: fc.double({ min: 0.01, max: 1, noNaN: true }),
        }),
      ),
      rest: fc.nat(50),
      limit: fc.integer({ min: 20, max: 200 }),
    });
    fc.assert(
      fc.property(arbitrary, ({ from, gaps, rest, limit }) => {
        let at = from;
        const buckets = gaps.map(({ gap, width, share }) => {
          const bucket = { from: at + gap, to: at + gap + width, documents: Math.max(1, Math.floor(width * share)) };
          at = bucket.to;
          return bucket;
        });
        const to = at + rest;
        const parts = joinParts({ from, to }, buckets, limit);
        if (to === from) return expect(parts).toEqual([]);
        expect([parts[0].from, parts.at(-1)?.to]).toEqual([from, to]);
        parts.slice(1).forEach((part, i) => expect(part.from).toBe(parts[i].to));
        for (const { live } of parts) expect(live).toBeLessThanOrEqual(limit);
        for (const part of parts) {
          const inside = buckets.filter((bucket) => bucket.from >= part.from && bucket.to <= part.to);
          expect(part.live).toBe(inside.reduce((sum, { documents }) => sum + documents, 0));
        }
        return undefined;
      }),
    );
  });
});

/** As the clusters word it: 7.10, 8 and 9, OpenSearch. */
const COMPLAINTS: [string, string][] = [
  [
    'unknown setting [index.lifecycle.name] please check that any required plugins are installed, or check the breaking changes documentation for removed settings',
    'index.lifecycle.name',
  ],
  [
    'Validation Failed: 1: private index setting [index.lifecycle.name] can not be set explicitly;',
    'index.lifecycle.name',
  ],
  ['unknown value for [index.codec] must be one of [default, lz4, best_compression, zlib] but is: zstd', 'index.codec'],
  ['Failed to parse value [zstd] for setting [index.codec] must be >= 1', 'index.codec'],
  [
    'Failed to parse mapping [_doc]: Mapping definition for [f] has unsupported parameters:  [time_series_dimension : true]',
    'time_series_dimension',
  ],
  [
    'Failed to parse mapping: unknown parameter [time_series_dimension] on mapper [f] of type [keyword]',
    'time_series_dimension',
  ],
  ['Root mapping definition has unsupported parameters:  [subobjects : false]', 'subobjects'],
  ['Failed to parse mapping [_doc]: No handler for type [flattened] declared on field [g]', 'flattened'],
  ['no handler for type [flattened] declared on field [g]', 'flattened'],
  [
    'The mapper type [flattened] declared on field [o.g] does not exist. It might have been created within a future version',
    'flattened',
  ],
];

describe('what a cluster does not know', () => {
  const definition = {
    settings: '{"index":{"lifecycle":{"name":"p"},"codec":"zstd","number_of_shards":"1"}}',
    mappings:
      '{"subobjects":false,"properties":{"f":{"type":"keyword","time_series_dimension":true},"o":{"properties":{"g":{"type":"flattened","depth_limit":9007199254740993}}},"g2":{"type":"long","null_value":9007199254740993}}}',
  };

  it.each(COMPLAINTS)('is left out by its own words: %s', (reason, what) => {
    const left = leaveOut(definition, reason);
    expect(left?.what.name).toContain(what);
    const text = JSON.stringify(left?.definition);
    expect(text).not.toContain(`"${what}"`);
    const before = JSON.stringify(definition);
    expect(before.length - text.length).toBeLessThan(80);
    expect(left?.definition.mappings).toContain('"null_value":9007199254740993');
  });

  it('is not guessed at', () => {
    for (const reason of [
      'analyzer [own] has not been configured in mappings',
      'unknown setting [index.not.there]',
      'Mapping definition for [nobody] has unsupported parameters:  [x : 1]',
      'Failed to parse mapping: unknown parameter [x] on mapper [f] of type [keyword]',
    ]) {
      expect(leaveOut(definition, reason)).toBeUndefined();
    }
  });
});
