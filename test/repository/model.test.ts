import fc from 'fast-check';

import { Catalogue } from '../../src/repository/catalogue';
import { CodecPool } from '../../src/repository/codec-pool';
import { BlobStore } from '../../src/blobs/blob-store';
import { parseRootKey } from '../../src/repository/keys';
import { cleanupRepository, reachedByRoot } from '../../src/repository/orphans';
import { Fate, IndexModel, Jobs } from './support/jobs-model';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { restored } from './support/shards';

/**
 * Random histories of a repository: shards that change, shrink, are dropped and made anew; snapshots (some of them failing
 * in part or cancelled), clones and deletions, some of them side by side; processes that die at any store call, and
 * zombies. In the end every snapshot restores exactly what it saw, and the bucket holds exactly what the root reaches.
 */

type Action =
  | { kind: 'write'; shard: number; operations: { id: number; remove: boolean }[] }
  | { kind: 'history'; shard: number }
  | { kind: 'restart'; shard: number }
  | { kind: 'files'; shard: number }
  | { kind: 'back'; shard: number; operations: number }
  | { kind: 'recreate'; index: number }
  | { kind: 'unsealed'; shard: number; count: number }
  | { kind: 'snapshot'; name: number; indices: number; failing: number[]; cancelled: boolean }
  | { kind: 'clone'; source: number; name: number; keeps: number }
  | { kind: 'remove'; picks: number[] };

const small = fc.nat({ max: 40 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      shard: fc.nat({ max: 2 }),
      operations: fc.array(fc.record({ id: fc.nat({ max: 15 }), remove: fc.boolean() }), {
        minLength: 1,
        maxLength: 12,
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('history' as const), shard: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), shard: fc.nat({ max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('files' as const), shard: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('back' as const), shard: fc.nat({ max: 2 }), operations: fc.nat(1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recreate' as const), index: fc.nat({ max: 1 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('unsealed' as const),
      shard: fc.nat({ max: 2 }),
      count: fc.nat({ max: 3 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('snapshot' as const),
      name: small,
      indices: fc.integer({ min: 1, max: 3 }),
      failing: fc.oneof(
        { weight: 3, arbitrary: fc.constant<number[]>([]) },
        { weight: 1, arbitrary: fc.array(fc.nat({ max: 2 }), { maxLength: 3 }) },
      ),
      cancelled: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('clone' as const), source: small, name: small, keeps: fc.nat(3) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      picks: fc.array(small, { minLength: 1, maxLength: 3 }),
    }),
  },
);

const fate: fc.Arbitrary<Fate> = fc.record({
  diesAfter: fc.option(fc.nat({ max: 12 }), { nil: undefined, freq: 3 }),
  lastCallReaches: fc.boolean(),
  zombie: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});
const living: fc.Arbitrary<Fate> = fc.constant({ lastCallReaches: false, zombie: false });

class World {
  readonly store = new MemoryBlobStore();
  readonly indices: IndexModel[] = [];
  readonly jobs: Jobs;
  private made = 0;
  /** The last copy of each shard's files. */
  private readonly files = new Map<ShardModel, { goBack: () => void }>();

  constructor(scheduler: fc.Scheduler, fates: Fate[]) {
    this.jobs = new Jobs(() => scheduled(this.store, scheduler), fates);
    this.indices.push(this.index('logs', 2), this.index('users', 1));
  }

  index(name: string, shards: number): IndexModel {
    const uuid = `${name}-${++this.made}`;
    return { name, shards: Array.from({ length: shards }, (_, shard) => new ShardModel(name, uuid, shard)) };
  }

  async act(one: Action): Promise<void> {
    const shards = this.indices.flatMap((index) => index.shards);
    const uuids = [...this.jobs.committed.keys()];
    switch (one.kind) {
      case 'write':
        for (const { id, remove } of one.operations) {
          const shard = shards[one.shard];
          if (remove) shard.remove(`doc-${id}`);
          else shard.put(`doc-${id}`, `{"n":${shard.maxSeqNo}}`, id % 3 === 0 ? `r${id}` : undefined);
        }
        return;
      case 'history':
        return shards[one.shard].newHistory();
      case 'restart':
        return shards[one.shard].restart();
      case 'files':
        this.files.set(shards[one.shard], { goBack: shards[one.shard].copyFiles() });
        return;
      case 'back': {
        // Back to older files, and on by as many other operations as were lost: the numbers are those of before.
        const shard = shards[one.shard];
        const { maxSeqNo } = shard;
        this.files.get(shard)?.goBack();
        while (shard.maxSeqNo < maxSeqNo + one.operations) {
          const id = `doc-${(shard.maxSeqNo * 7) % 16}`;
          if (shard.documents.has(id) && shard.maxSeqNo % 3 === 0) shard.remove(id);
          else shard.put(id, `{"again":${shard.maxSeqNo}}`);
        }
        return;
      }
      case 'recreate':
        this.indices[one.index] = this.index(this.indices[one.index].name, this.indices[one.index].shards.length);
        return;
      case 'unsealed':
        shards[one.shard].unsealed = one.count;
        return;
      case 'snapshot': {
        const indices = this.indices.filter((_, i) => (one.indices & (1 << i)) !== 0);
        await this.jobs.snapshot({
          name: `snap-${one.name}`,
          indices,
          failing: new Set(one.failing),
          cancelled: one.cancelled,
        });
        return;
      }
      case 'clone':
        if (uuids.length === 0) return;
        return this.jobs.clone(
          uuids[one.source % uuids.length],
          `clone-${one.name}`,
          (i) => (one.keeps & (1 << i)) !== 0,
        );
      case 'remove':
        if (uuids.length === 0) return;
        return this.jobs.remove(one.picks.map((pick) => uuids[pick % uuids.length]));
    }
  }

  /** What has to hold whenever nothing runs. */
  async check(options: { zombies: boolean }): Promise<void> {
    const catalogue = new Catalogue(this.store);
    const root = await catalogue.readRoot();
    const names = [...this.jobs.committed].map(([uuid, { name }]) => `${uuid} ${name}`);
    expect(root.snapshots.map(({ uuid, snapshot }) => `${uuid} ${snapshot}`).sort()).toEqual(names.sort());
    expect(root.snapshots.map(({ order }) => order)).toEqual(
      root.snapshots.map(({ order }) => order).sort((a, b) => a - b),
    );

    if (options.zombies) await cleanupRepository(catalogue, { running: async () => new Set() });
    const kept = this.store.keys().filter((key) => parseRootKey(key) === undefined);
    expect(kept).toEqual([...(await reachedByRoot(catalogue))].sort());

    const repository = { catalogue, store: this.store, pool: new CodecPool(1) };
    for (const entry of root.snapshots) {
      const { indices } = await catalogue.readSnapshotManifest(entry.manifest);
      const contents = this.jobs.committed.get(entry.uuid)?.contents;
      const found = new Map<string, unknown>();
      for (const index of indices) {
        for (const [shard, held] of index.shards.entries()) {
          found.set(`${index.uuid}/${shard}`, held === null ? null : await restored(repository, held));
        }
      }
      expect(found).toEqual(contents);
    }
  }
}

/** Every call waits until the scheduler lets it go: so do calls of jobs that run side by side take turns at random. */
function scheduled(store: BlobStore, scheduler: fc.Scheduler): BlobStore {
  return new Proxy(store, {
    get(target, property, receiver) {
      const value: unknown = Reflect.get(target, property, receiver);
      if (typeof value !== 'function') return value;
      const method = value as (...args: unknown[]) => unknown;
      if (property === 'list') {
        return async function* (...args: unknown[]) {
          await scheduler.schedule(Promise.resolve(), String(property));
          yield* method.apply(target, args) as AsyncIterable<unknown>;
        };
      }
      return async (...args: unknown[]) => {
        await scheduler.schedule(Promise.resolve(), `${String(property)} ${String(args[0])}`);
        return method.apply(target, args);
      };
    },
  });
}

/** Groups of actions that run side by side, one group after the other. */
async function run(groups: Action[][], fates: Fate[], scheduler: fc.Scheduler, zombies: boolean): Promise<void> {
  const world = new World(scheduler, [...fates]);
  for (const group of groups) {
    await scheduler.waitFor(Promise.all(group.map((one) => world.act(one))));
    if (!zombies) await world.check({ zombies });
  }
  await scheduler.waitFor(Promise.all(world.jobs.zombies));
  await world.check({ zombies });
}

const RUNS = Number(process.env.SNAPKEEP_MODEL_RUNS ?? 60);
const alone = fc.array(
  action.map((one) => [one]),
  { minLength: 1, maxLength: 25 },
);
const sideBySide = fc.array(fc.array(action, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 });

test('one job after the other, and processes that live', async () => {
  await fc.assert(
    fc.asyncProperty(alone, fc.scheduler(), (groups, scheduler) => run(groups, [], scheduler, false)),
    { numRuns: RUNS },
  );
}, 600_000);

test('jobs side by side, in processes that die at any store call', async () => {
  const dying = fc.array(
    fate.map((one) => ({ ...one, zombie: false })),
    { maxLength: 40 },
  );
  await fc.assert(
    fc.asyncProperty(sideBySide, dying, fc.scheduler(), (groups, fates, scheduler) =>
      run(groups, fates, scheduler, false),
    ),
    { numRuns: RUNS },
  );
}, 600_000);

test('jobs side by side, with zombies, whose leavings a clean-up removes', async () => {
  const fates = fc.array(fc.oneof(fate, living), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(sideBySide, fates, fc.scheduler(), (groups, some, scheduler) =>
      run(groups, some, scheduler, true),
    ),
    { numRuns: RUNS },
  );
}, 600_000);
