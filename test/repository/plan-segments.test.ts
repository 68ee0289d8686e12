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
    seqNos: [`${from}+${documents}`],
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
  expect(planRewrites([segment(0, 100, 49)])).toEqual([{ from: 0, to: 100 }]);
  expect(planRewrites([segment(0, 100)], [49])).toEqual([{ from: 0, to: 100 }]);
});

test('segments that overlap are written anew together, when fewer than half of all their documents are live', () => {
  const overlapping = [segment(0, 100, 20), segment(50, 100, 81)];
  expect(planRewrites(overlapping)).toEqual([]);
  expect(planRewrites(overlapping, [99])).toEqual([{ from: 0, to: 150 }]);
});

test('one of which nothing is live is not: it is dropped', () => {
  expect(planRewrites([segment(0, 100)], [0])).toEqual([]);
});

test('eight small neighbours are merged, seven are not', () => {
  expect(planRewrites(row(...Array<number>(7).fill(5)))).toEqual([]);
  expect(planRewrites(row(...Array<number>(8).fill(5)))).toEqual([{ from: 0, to: 40 }]);
});

test('a larger neighbour is left alone until the merge makes something larger than it', () => {
  const large = 200; // of the second tier
  expect(planRewrites(row(large, ...Array<number>(7).fill(5)))).toEqual([]);
  expect(planRewrites(row(large, ...Array<number>(8).fill(5)))).toEqual([{ from: 200, to: 240 }]);
  expect(planRewrites(row(...Array<number>(8).fill(large)))).toEqual([{ from: 0, to: 1_600 }]);
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
        for (const { from: first, to } of rewrites) {
          rewritten += to - first;
          const kept = segments.filter((one) => one.to <= first || one.from >= to);
          segments = [...kept, segment(first, to - first)].sort((a, b) => a.from - b.from);
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
