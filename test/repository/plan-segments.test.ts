import fc from 'fast-check';
import { type Segment } from '../../src/repository/format/format';
import { planRewrites } from '../../src/repository/segments/plan-segments';

const DOCUMENT = 1000;

function segment(from: number, documents: number, live = documents): Segment {
  const rawLength = documents * DOCUMENT;
  return {
    from,
    to: from + documents,
    sealed: true,
    codec: 'zstd',
    objects: [{ key: 'k', length: Math.ceil(rawLength / 5), sha256: '' }],
    frames: [{ length: Math.ceil(rawLength / 5), rawLength, documents }],
    seqNos: `${from}+${documents}`,
    deleted: '',
    stored: documents,
    live,
  };
}

function row(...sizes: number[]): Segment[] {
  let from = 0;
  return sizes.map((size) => segment((from += size) - size, size));
}

test('a segment is written anew when fewer than half of its documents are live', () => {
  expect(planRewrites([segment(0, 100, 50)])).toEqual([]);
  expect(planRewrites([segment(0, 100, 49)])).toEqual([{ first: 0, last: 0 }]);
  expect(planRewrites([segment(0, 100)], [49])).toEqual([{ first: 0, last: 0 }]);
});

test('one of which nothing is live is not: it is dropped', () => {
  expect(planRewrites([segment(0, 100)], [0])).toEqual([]);
});

test('eight small neighbours are merged, seven are not', () => {
  expect(planRewrites(row(...Array<number>(7).fill(5)))).toEqual([]);
  expect(planRewrites(row(...Array<number>(8).fill(5)))).toEqual([{ first: 0, last: 7 }]);
});

test('a larger neighbour is left alone until the merge makes something larger than it', () => {
  const large = 200; // of the second tier
  expect(planRewrites(row(large, ...Array<number>(7).fill(5)))).toEqual([]);
  expect(planRewrites(row(large, ...Array<number>(8).fill(5)))).toEqual([{ first: 1, last: 8 }]);
  expect(planRewrites(row(...Array<number>(8).fill(large)))).toEqual([{ first: 0, last: 7 }]);
});

test('segments as large as objects get are never merged, however well they compress', () => {
  expect(planRewrites(row(...Array<number>(20).fill(40_000)))).toEqual([]);
});

test('nothing is rewritten again and again, and segments stay few', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 300, maxLength: 600 }), (additions) => {
      let segments: Segment[] = [];
      let from = 0;
      let added = 0;
      let rewritten = 0;
      let most = 0;
      for (const documents of additions) {
        const rewrites = planRewrites(segments);
        for (const { first, last } of rewrites.toReversed()) {
          const total = segments.slice(first, last + 1).reduce((sum, one) => sum + one.stored, 0);
          rewritten += total;
          segments = segments.toSpliced(first, last - first + 1, segment(segments[first].from, total));
        }
        segments.push(segment(from, documents));
        from += documents;
        added += documents;
        most = Math.max(most, segments.length);
      }
      expect(rewritten).toBeLessThanOrEqual(5 * added);
      expect(most).toBeLessThanOrEqual(60);
    }),
    { numRuns: 40 },
  );
});
