import fc from 'fast-check';

/** JSON text as clusters store it: any spacing, numbers no double holds, keys that look like a response's. */

const KEYS = [
  'hits',
  '_source',
  'sort',
  '_id',
  '_routing',
  '_seq_no',
  '_version',
  '_shards',
  '',
  'é',
  'a.b',
  '\\',
  '"',
];

const blank = fc.constantFrom('', '', '', '', ' ', '  ', '\t');
const number = fc.constantFrom(
  '0',
  '-0',
  '1.0',
  '1.10',
  '1e3',
  '-2.5E-7',
  '9223372036854775807',
  '12345678901234567890.5',
);

/** A string as raw JSON, escaped in one of the ways that mean the same. */
const rawString = fc
  .tuple(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('\\', '\\\\', '"', '\\"', ',"sort":[1]}', 'x'.repeat(70) + '\\'),
    ),
    fc.boolean(),
  )
  .map(([text, ascii]) => {
    const json = JSON.stringify(wellFormed(text));
    return ascii
      ? json.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
      : json;
  });

const rawKey = fc.oneof(
  fc.constantFrom(...KEYS).map((key) => JSON.stringify(key)),
  rawString,
);

const { value } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthIdentifier: 'json' },
    fc.oneof(rawString, number, fc.constantFrom('true', 'false', 'null', '{}', '[]', '[ ]', '{ }')),
    tie('object'),
    tie('array'),
  ),
  // Keys may repeat.
  object: fc
    .array(fc.tuple(blank, rawKey, blank, tie('value'), blank), { maxLength: 5, depthIdentifier: 'json' })
    .map((members) => `{${members.map(([a, key, b, inner, c]) => `${a}${key}${b}:${a}${inner}${c}`).join(',')}}`),
  array: fc
    .array(fc.tuple(blank, tie('value'), blank), { maxLength: 5, depthIdentifier: 'json' })
    .map((items) => `[${items.map(([a, inner, b]) => a + inner + b).join(',')}]`),
}));

export const rawValue: fc.Arbitrary<string> = value;

export const rawObject: fc.Arbitrary<string> = fc
  .array(fc.tuple(rawKey, blank, value), { maxLength: 6 })
  .map((members) => `{${members.map(([key, space, inner]) => `${key}:${space}${inner}`).join(',')}}`);

export interface RawHit {
  readonly id: string;
  readonly routing?: string;
  readonly version: string;
  readonly seqNo: number;
  readonly source: string;
}

/** A hit as a cluster writes it, in a response sorted on `_seq_no` unless `sort` says otherwise. */
export function writeHit({ id, routing, version, seqNo, source }: RawHit, sort = seqNo): string {
  const route = routing === undefined ? '' : `,"_routing":${routing}`;
  return `{"_index":"logs","_id":${id},"_version":${version},"_seq_no":${seqNo},"_primary_term":1,"_score":null${route},"_source":${source},"sort":[${sort}]}`;
}

export function writeResponse(hits: readonly string[]): string {
  return `{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"max_score":null,"hits":[${hits.join(',')}]}}`;
}

/** The answer to a multi-search; each item is a whole response. */
export function writeMultiResponse(responses: readonly string[]): string {
  return `{"took":3,"responses":[${responses.map((response) => `${response.slice(0, -1)},"status":200}`).join(',')}]}`;
}

const rawVersion = fc.constantFrom('1', '42', '1700000000000000123', '9223372036854775807');

/** Hits in ascending order; some documents quote other hits of the same response, or imitate their own end. */
export const hits: fc.Arbitrary<RawHit[]> = fc
  .array(
    fc.record({
      id: rawString,
      routing: fc.option(rawString, { nil: undefined }),
      version: rawVersion,
      step: fc.integer({ min: 1, max: 3 }),
      source: rawObject,
      disguise: fc.constantFrom('none', 'none', 'ownEnd', 'hitsInside', 'nextHits', 'laterHits', 'inString'),
    }),
    { maxLength: 8 },
  )
  .map((drafts) => {
    let seqNo = -1;
    const plain = drafts.map(({ step, ...draft }) => ({ ...draft, seqNo: (seqNo += step) }));
    return plain.map(({ disguise, ...hit }, i) => {
      const own = writeHit(hit);
      const later = plain.slice(i + 1).map((other) => writeHit(other));
      const faked = [own, ...later].join(',');
      switch (disguise) {
        case 'ownEnd':
          return { ...hit, source: `{"a":{"b":{},"sort":[${hit.seqNo}]},"c":1}` };
        case 'hitsInside':
          return { ...hit, source: `{"hits":{"hits":[${own}]}}` };
        case 'nextHits':
          return { ...hit, source: `{"a":[{"x":{},"sort":[${hit.seqNo}]},${faked}]}` };
        case 'laterHits':
          return { ...hit, source: `{"a":[${[`{"x":{},"sort":[${hit.seqNo}]}`, ...later].join(',')}]}` };
        case 'inString':
          return { ...hit, source: `{"a":${JSON.stringify(`},"sort":[${hit.seqNo}]},${faked}`)}}` };
        default:
          return hit;
      }
    });
  });

/** A hit in document order. */
export interface NumberedHit extends RawHit {
  readonly number: number;
}

/**
 * Responses with hits in document order; some documents imitate the end of a hit, other hits, or the end of their
 * response and the beginning of another.
 */
export const orderedResponses: fc.Arbitrary<NumberedHit[][]> = fc
  .array(
    fc.array(
      fc.record({
        id: rawString,
        routing: fc.option(rawString, { nil: undefined }),
        version: rawVersion,
        seqNo: fc.nat(20),
        step: fc.integer({ min: 1, max: 3 }),
        source: rawObject,
        disguise: fc.constantFrom('none', 'none', 'none', 'ownEnd', 'nextHits', 'responseEnd', 'fewer', 'inString'),
      }),
      { maxLength: 4 },
    ),
    { maxLength: 4 },
  )
  .map((responses) => {
    let number = -1;
    return responses.map((drafts) =>
      drafts.map(({ disguise, step, ...draft }) => {
        number += step;
        const hit = { ...draft, number };
        const end = `{"x":{},"sort":[${number}]}`;
        const next = writeHit(hit, number + 1);
        const response = writeResponse([next]).slice(0, -1);
        switch (disguise) {
          case 'ownEnd':
            return { ...hit, source: `{"a":{"b":{},"sort":[${number - 1}]},"c":1}` };
          case 'nextHits':
            return { ...hit, source: `{"a":[${[end, next, next].join(',')}]}` };
          case 'responseEnd':
            return { ...hit, source: `{"r":[{"hits":{"hits":[${end}]},"status":200},${response},"status":200}]}` };
          case 'fewer':
            return { ...hit, source: `{"r":[{"hits":{"hits":[${end}]},"status":200},{"took":1,"foo":[{"a":{}}]}]}` };
          case 'inString':
            return { ...hit, source: `{"a":${JSON.stringify(`},"sort":[${number}]},${next}`)}}` };
          default:
            return hit;
        }
      }),
    );
  });

/** Lone surrogates are no UTF-8 text. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
