import { mostChunks } from '../../src/contracts/jobs/copy';
import { changedShards, groupShards, type JobPlan, type PlannedShard } from '../../src/snapshotting/job-plan';

const MIB = 1024 * 1024;
const SMALL = 1000;
const LARGE = 1024 * MIB;

/** Returns a plan of one index for each list of sizes. */
function planOf(indices: readonly (readonly number[])[], late: (bytes: number) => boolean = () => false): JobPlan {
  return {
    snapshot: 's',
    uuid: 'u',
    startMillis: 1,
    seenMillis: 1,
    cluster: { uuid: 'c', name: 'c', product: 'elasticsearch', version: '8.19.0' },
    pit: 'elasticsearch',
    includeGlobalState: false,
    indices: indices.map((sizes, i) => ({
      name: `logs-${i}`,
      uuid: `${i}`,
      settings: '{}',
      mappings: '{}',
      aliases: '{}',
      shards: sizes.map((bytes): PlannedShard => {
        return {
          kind: 'changed',
          identity: { clusterUuid: 'c', indexUuid: `${i}`, historyUuid: 'h', shards: sizes.length, shard: 0 },
          target: { index: `logs-${i}`, shard: 0, bytesPerDocument: 1, primaryOnly: false },
          documents: 1,
          bytes,
          ...(late(bytes) ? { late: true } : {}),
        };
      }),
    })),
  };
}

function groupsOf(indices: readonly (readonly number[])[]) {
  return groupShards(changedShards(planOf(indices)));
}

it('small shards and large ones form groups of their own, however they alternate', () => {
  const groups = groupsOf(Array.from({ length: 8 }, () => [SMALL, LARGE]));
  expect(groups.map(({ first, count, small }) => [first, count, small])).toEqual([
    [0, 8, true],
    [8, 4, false],
    [12, 4, false],
  ]);
});

it('shards that were added later come last, small ones first', () => {
  const plan = planOf([[LARGE + 1, LARGE], [SMALL + 1], [SMALL]], (bytes) => bytes % 1000 !== 0 && bytes !== LARGE);
  expect(changedShards(plan).map((shard) => shard.plan.bytes)).toEqual([SMALL, LARGE, SMALL + 1, LARGE + 1]);
});

it('every shard is in one group, in the order of ordinals', () => {
  const sizes = Array.from({ length: 3_000 }, (_, i) => [i % 3 === 0 ? LARGE : (i % 40) * MIB]);
  const groups = groupsOf(sizes);
  expect(groups.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i))).toEqual(
    sizes.map((_, i) => i),
  );
});

it.each([
  ['large', 200_000, () => LARGE],
  ['small', 200_000, () => SMALL],
  ['as large as small ones can be', 50_000, () => 32 * MIB],
  ['of all sizes', 100_000, (i: number) => ((i * 7_919) % 64) * MIB],
])('the number of groups is bounded where shards are %s', (_, shards, bytesOf) => {
  const groups = groupsOf(Array.from({ length: shards }, (__, i) => [bytesOf(i)]));
  expect(groups.length).toBeLessThanOrEqual(1_002);
  for (const group of groups.filter(({ small }) => !small)) {
    expect(group.count * mostChunks(group)).toBeLessThanOrEqual(1_600);
  }
});

it('a few large shards may be cut into many chunks each', () => {
  const [group] = groupsOf([[LARGE, LARGE, LARGE, LARGE]]);
  expect(mostChunks(group)).toBe(400);
});
