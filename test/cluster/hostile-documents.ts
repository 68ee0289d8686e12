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

/** A hit as a cluster writes it in a response sorted on `_seq_no`. */
export function writeHit({ id, routing, version, seqNo, source }: RawHit, index = 'logs'): string {
  const route = routing === undefined ? '' : `,"_routing":${routing}`;
  return `{"_index":"${index}","_id":${id},"_version":${version},"_seq_no":${seqNo},"_primary_term":1,"_score":null${route},"_source":${source},"sort":[${seqNo}]}`;
}

export function writeResponse(hits: readonly string[]): string {
  return `{"took":1,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},"hits":{"max_score":null,"hits":[${hits.join(',')}]}}`;
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

/** Lone surrogates are no UTF-8 text. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}
