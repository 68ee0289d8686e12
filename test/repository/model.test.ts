import fc from 'fast-check';
import { type BlobStore } from '../../src/blobs/contract/blob-store';
import { isSnapkeepError } from '../../src/contracts/errors';
import { CodecPool } from '../../src/documents/codec-pool';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { cleanupRepository, reachedByRoot } from '../../src/repository/deletion/orphans';
import { BUILDING_MS } from '../../src/repository/format/format';
import { parseRootKey } from '../../src/repository/format/keys';
import { beforeEachCall } from './support/before-each-call';
import { type Fate, type History, type IndexModel, Jobs } from './support/jobs-model';
import { MemoryBlobStore } from './support/memory-blob-store';
import { ShardModel } from './support/shard-model';
import { restored } from './support/shards';

/**
 * Random histories of a repository: shards that change, shrink, are dropped and made anew; snapshots (some of them
 * failing in part or cancelled), clones, restores and deletions, some of them side by side, of one installation or of
 * two that know nothing of each other; processes that die at any store call, puts that arrive late, and zombies. In
 * the end every snapshot restores exactly what it saw, nothing removed is left, and the bucket holds exactly what the
 * root reaches.
 */

/** Which of two installations does it. */
type Who = { by?: 0 | 1 };
type Action = Who &
  (
    | { kind: 'write'; shard: number; operations: { id: number; remove: boolean }[] }
    | { kind: 'history'; shard: number }
    | { kind: 'restart'; shard: number }
    | { kind: 'files'; shard: number }
    | { kind: 'back'; shard: number; operations: number }
    | { kind: 'recreate'; index: number }
    | { kind: 'unsealed'; shard: number; count: number }
    | { kind: 'snapshot'; name: number; indices: number; failing: number[]; cancelled: boolean }
    | { kind: 'clone'; source: number; name: number; keeps: number }
    | { kind: 'restore'; source: number }
    | { kind: 'remove'; picks: number[] }
    | { kind: 'clean up' }
  );

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
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('restore' as const), source: small }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('remove' as const),
      picks: fc.array(small, { minLength: 1, maxLength: 3 }),
    }),
  },
);

/** A clean-up ends what another installation has begun and not listed in `building`: there it is no action. */
const ofOneInstallation: fc.Arbitrary<Action> = fc.oneof(
  { weight: 15, arbitrary: action },
  { weight: 1, arbitrary: fc.constant({ kind: 'clean up' as const }) },
);

const fate: fc.Arbitrary<Fate> = fc.record({
  diesAfter: fc.option(fc.nat({ max: 12 }), { nil: undefined, freq: 3 }),
  lastCall: fc.constantFrom('lost', 'reaches', 'is late'),
  zombie: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
});
const living: fc.Arbitrary<Fate> = fc.constant({ lastCall: 'lost', zombie: false });

/** What happens in a history besides what is asked for. */
interface Circumstances {
  readonly fates: Fate[];
  /** Whether some of the fates leave something behind that goes on by itself, or is late. */
  readonly zombies: boolean;
}

class World {
  readonly store = new MemoryBlobStore();
  readonly indices: IndexModel[] = [];
  readonly history: History = { committed: new Map(), zombies: [] };
  readonly installations: readonly Jobs[];
  private readonly dying: boolean;
  private made = 0;
  /** The last copy of each shard's files. */
  private readonly files = new Map<ShardModel, { goBack: () => void }>();

  constructor(
    scheduler: fc.Scheduler,
    private readonly circumstances: Circumstances,
  ) {
    this.dying = circumstances.fates.length > 0;
    const connect = () => scheduled(this.store, scheduler);
    this.installations = [0, 1].map(() => new Jobs(connect, circumstances.fates, this.history));
    this.indices.push(this.index('logs', 2), this.index('users', 1));
  }

  index(name: string, shards: number): IndexModel {
    const uuid = `${name}-${++this.made}`;
    return { name, shards: Array.from({ length: shards }, (_, shard) => new ShardModel(name, uuid, shard)) };
  }

  /** @param disturbed whether the other installation changes the repository at the same time. */
  async act(one: Action, disturbed: boolean): Promise<void> {
    const shards = this.indices.flatMap((index) => index.shards);
    const uuids = [...this.history.committed.keys()];
    const jobs = this.installations[one.by ?? 0];
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
        const { failing, cancelled } = one;
        const job = { name: `snap-${one.name}`, indices, failing: new Set(failing), cancelled };
        const { uuid, plans, added, end } = await jobs.snapshot(job);
        // Whatever is deleted beside it: only another installation makes a snapshot plan, and copy, again.
        if (disturbed || this.circumstances.zombies) return;
        expect({ plans, end }).not.toEqual({ plans, end: 'failed' });
        expect(plans).toBe(1);
        if (!this.dying && end === 'committed') {
          const data = this.store.written.filter((key) => key.includes(`/${uuid}/`) && key.includes('.bulk'));
          expect(data).toHaveLength(added);
        }
        return;
      }
      case 'clone':
        if (uuids.length === 0) return;
        return jobs.clone(uuids[one.source % uuids.length], `clone-${one.name}`, (i) => (one.keeps & (1 << i)) !== 0);
      case 'restore': {
        if (uuids.length === 0) return;
        const uuid = uuids[one.source % uuids.length];
        const contents = this.history.committed.get(uuid)?.contents;
        try {
          const restored = await jobs.restore(uuid);
          if (restored !== undefined) expect(restored).toEqual(contents);
        } catch (error) {
          // Another installation deleted it.
          if (!disturbed && !this.circumstances.zombies) throw error;
          if (!isSnapkeepError(error, 'blob_missing') && !isSnapkeepError(error, 'repository_corrupt')) throw error;
        }
        return;
      }
      case 'clean up':
        return jobs.cleanUp();
      case 'remove':
        if (uuids.length === 0) return;
        return jobs.remove(one.picks.map((pick) => uuids[pick % uuids.length]));
    }
  }

  /** What has to hold whenever nothing runs. */
  async check(): Promise<void> {
    const catalogue = new Catalogue(this.store);
    const root = await catalogue.readRoot();
    const names = [...this.history.committed].map(([uuid, { name }]) => `${uuid} ${name}`);
    expect(root.snapshots.map(({ uuid, snapshot }) => `${uuid} ${snapshot}`).sort()).toEqual(names.sort());
    expect(root.snapshots.map(({ order }) => order)).toEqual(
      root.snapshots.map(({ order }) => order).sort((a, b) => a - b),
    );

    expect(root.removed).toEqual([]);

    if (this.circumstances.zombies) {
      // So late that no entry of `building` counts: of zombies, nobody takes them off.
      const nowMillis = Date.now() + 2 * BUILDING_MS;
      await cleanupRepository(catalogue, { running: async () => new Set(), nowMillis });
    }
    const kept = this.store.keys().filter((key) => parseRootKey(key) === undefined);
    expect(kept).toEqual([...(await reachedByRoot(catalogue))].sort());

    const repository = { catalogue, store: this.store, pool: new CodecPool(1) };
    for (const entry of root.snapshots) {
      const { indices } = await catalogue.readSnapshotManifest(entry.manifest);
      const contents = this.history.committed.get(entry.uuid)?.contents;
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
  return beforeEachCall(store, (call) => scheduler.schedule(Promise.resolve(), call));
}

/** Groups of actions that run side by side, one group after the other. */
async function run(groups: Action[][], circumstances: Circumstances, scheduler: fc.Scheduler): Promise<void> {
  const world = new World(scheduler, circumstances);
  for (const group of groups) {
    // Also a restore: when it ends, its installation marks what was removed, as far as it knows of nobody who uses it.
    const changes = (by: number): boolean =>
      group.some((one) => (one.by ?? 0) !== by && ['snapshot', 'clone', 'restore', 'remove'].includes(one.kind));
    await scheduler.waitFor(Promise.all(group.map((one) => world.act(one, changes(one.by ?? 0)))));
    if (!circumstances.zombies) await world.check();
  }
  await scheduler.waitFor(Promise.all(world.history.zombies));
  // What zombies removed or left marked is swept by whoever comes next.
  await scheduler.waitFor(world.installations[0].sweep());
  await world.check();
}

const SEED = process.env.SNAPKEEP_MODEL_SEED ? { seed: Number(process.env.SNAPKEEP_MODEL_SEED) } : {};
const RUNS = Number(process.env.SNAPKEEP_MODEL_RUNS ?? 60);
/** Machines may be slow, and asked for thousands of runs. */
const TIMEOUT_MS = Math.max(600_000, RUNS * 5_000);
const alone = fc.array(
  ofOneInstallation.map((one) => [one]),
  { minLength: 1, maxLength: 25 },
);
const sideBySide = fc.array(fc.array(ofOneInstallation, { minLength: 1, maxLength: 3 }), {
  minLength: 1,
  maxLength: 12,
});
const ofTwoInstallations = fc.array(
  fc.array(
    fc.tuple(action, fc.constantFrom(0 as const, 1 as const)).map(([one, by]) => ({ ...one, by })),
    { minLength: 1, maxLength: 4 },
  ),
  { minLength: 1, maxLength: 12 },
);
const dying = fc.array(
  fate.map((one) => ({ ...one, zombie: false, lastCall: one.lastCall === 'is late' ? 'lost' : one.lastCall })),
  { maxLength: 40 },
);

async function always<Ts extends [unknown, ...unknown[]]>(property: fc.IAsyncPropertyWithHooks<Ts>): Promise<void> {
  await fc.assert(property, { numRuns: RUNS, ...SEED, endOnFailure: process.env.SNAPKEEP_MODEL_SHRINK === '0' });
}

test(
  'one job after the other, and processes that live',
  async () => {
    await always(
      fc.asyncProperty(alone, fc.scheduler(), (groups, scheduler) =>
        run(groups, { fates: [], zombies: false }, scheduler),
      ),
    );
  },
  TIMEOUT_MS,
);

test(
  'jobs side by side, and processes that live: no snapshot copies again what it had copied',
  async () => {
    await always(
      fc.asyncProperty(sideBySide, fc.scheduler(), (groups, scheduler) =>
        run(groups, { fates: [], zombies: false }, scheduler),
      ),
    );
  },
  TIMEOUT_MS,
);

test(
  'jobs side by side, in processes that die at any store call',
  async () => {
    await always(
      fc.asyncProperty(sideBySide, dying, fc.scheduler(), (groups, fates, scheduler) =>
        run(groups, { fates: [...fates] as Fate[], zombies: false }, scheduler),
      ),
    );
  },
  TIMEOUT_MS,
);

test(
  'jobs of two installations that know nothing of each other, in processes that die',
  async () => {
    await always(
      fc.asyncProperty(ofTwoInstallations, dying, fc.scheduler(), (groups, fates, scheduler) =>
        run(groups, { fates: [...fates] as Fate[], zombies: false }, scheduler),
      ),
    );
  },
  TIMEOUT_MS,
);

test(
  'all that, with zombies and late puts, whose leavings a clean-up removes',
  async () => {
    const fates = fc.array(fc.oneof(fate, living), { maxLength: 40 });
    await always(
      fc.asyncProperty(ofTwoInstallations, fates, fc.scheduler(), (groups, some, scheduler) =>
        run(groups, { fates: [...some], zombies: true }, scheduler),
      ),
    );
  },
  TIMEOUT_MS,
);
