import { compareListings, type Listing, sizeOf } from '../../scripts/demo/listing';

const listing = (objects: Record<string, [string, number]>): Listing =>
  new Map(Object.entries(objects).map(([key, [etag, size]]) => [key, { etag, size }]));

test('two listings of a bucket differ by what came, what went and what has other content', () => {
  const before = listing({ same: ['1', 10], gone: ['2', 20], other: ['3', 30] });
  const after = listing({ same: ['1', 10], other: ['4', 30], new: ['5', 7] });
  expect(compareListings(before, after)).toEqual({
    added: ['new'],
    removed: ['gone'],
    changed: ['other'],
    addedBytes: 7,
    removedBytes: 20,
  });
  expect(sizeOf(after)).toBe(47);
});
