import { type Cluster } from '../../src/cluster/cluster';
import { type DocumentReader, type LastingView } from '../../src/cluster/reading/document-reader';
import { SnapkeepError } from '../../src/contracts/errors';
import { CodecPool } from '../../src/documents/codec-pool';
import { type OpenRepository } from '../../src/registrations/open-repositories';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { newSnapshotUuid } from '../../src/repository/format/keys';
import { GroupProgress } from '../../src/snapshotting/group-progress';
import { changedShards, type JobPlan, type PlannedShard } from '../../src/snapshotting/job-plan';
import { NoteReader } from '../../src/snapshotting/note-reader';
import { openViews } from '../../src/snapshotting/open-views';
import { settleGroup, settleInView } from '../../src/snapshotting/settle-group';
import { type SnapshotCopy } from '../../src/snapshotting/shard-copying';
import { MemoryBlobStore } from '../repository/support/memory-blob-store';
import { ShardModel } from '../repository/support/shard-model';
import { identityOf } from '../repository/support/shards';

const pool = new CodecPool(1);
afterAll(() => pool.close());

/** A cluster of indices with one shard each, which keeps lasting views. */
class Shards {
  readonly open = new Map<string, ShardModel>();
  /** Views that the cluster allows. */
  limit = Infinity;
  /** Runs after the view of an index was opened. */
  onOpen: (index: string) => void = () => undefined;
  private opened = 0;

  constructor(readonly models: readonly ShardModel[]) {}

  copy(): SnapshotCopy {
    const store = new MemoryBlobStore();
    const write = { compress: true, chunkSizeBytes: 1024 ** 2, readonly: false };
    const cluster = {
      refresh: async () => undefined,
      shardStates: async (names: string[]) =>
        this.models.filter((one) => names.includes(one.index)).map((o) => o.state),
      indexExists: async () => true,
    };
    return {
      cluster: cluster as unknown as Cluster,
      reader: this.reader(),
      pool,
      repository: { store, catalogue: new Catalogue(store), write } as unknown as OpenRepository,
      notes: new NoteReader(),
      uuid: newSnapshotUuid(),
      signal: new AbortController().signal,
    };
  }

  plan(planned: (model: ShardModel) => PlannedShard = changed): JobPlan {
    return {
      snapshot: 's',
      uuid: newSnapshotUuid(),
      startMillis: 1,
      seenMillis: 1,
      cluster: { uuid: identityOf(this.models[0]).clusterUuid, name: 'c', product: 'elasticsearch', version: '8.19.0' },
      pit: 'elasticsearch',
      includeGlobalState: false,
      indices: this.models.map((model) => ({
        name: model.index,
        uuid: model.indexUuid,
        settings: '{}',
        mappings: '{}',
        aliases: '{}',
        shards: [planned(model)],
      })),
    };
  }

  private reader(): DocumentReader {
    const modelOf = (index: string): ShardModel => this.models.find((one) => one.index === index)!;
    return {
      probe: (target: { index: string }, ...rest: [never]) => modelOf(target.index).probe(target as never, ...rest),
      openLasting: async ({ index }: { index: string }): Promise<LastingView> => {
        if (this.open.size >= this.limit) throw tooMany();
        const id = `${index} ${++this.opened}`;
        const at = new ShardModel(index);
        for (const [key, document] of modelOf(index).documents) at.documents.set(key, document);
        this.open.set(id, at);
        this.onOpen(index);
        const now = Date.now();
        return { id, fromMillis: now, toMillis: now };
      },
      closeLasting: async ({ id }: LastingView) => void this.open.delete(id),
      openView: async (target: { index: string }, request: never, _signal: never, lasting?: LastingView) => {
        if (lasting === undefined) return modelOf(target.index).openView(target as never, request);
        const at = this.open.get(lasting.id);
        if (at === undefined) throw new SnapkeepError('view_lost', 'no such view');
        const view = await at.openView(target as never, request);
        return { ...view, close: async () => void this.open.delete(lasting.id) };
      },
    } as unknown as DocumentReader;
  }
}

function tooMany(): SnapkeepError {
  const reason = 'Trying to create too many Point In Time contexts. Must be less than or equal to: [2].';
  const details = { type: 'rejected_execution_exception', reason, status: 429 };
  return new SnapkeepError('cluster_unavailable', reason, { details });
}

function shards(count: number): Shards {
  const models = Array.from({ length: count }, (_, i) => new ShardModel(`i${i}`, `indexuuid000000000000${i}`));
  for (const model of models) model.put('1', '{"n":1}');
  return new Shards(models);
}

function changed(model: ShardModel): PlannedShard {
  const { target, session } = model;
  return { kind: 'changed', identity: identityOf(model), target, session, documents: 1, bytes: 100 };
}

/** Returns a planning of the shards as unchanged since a first snapshot. */
async function unchangedSince(cluster: Shards, copy: SnapshotCopy): Promise<(model: ShardModel) => PlannedShard> {
  const { plan, shards: views } = await openViews(copy, cluster.plan());
  const entries = new Map<string, PlannedShard>();
  for (const shard of changedShards(plan)) {
    const entry = await settleInView(copy, shard, views[shard.ordinal]);
    entries.set(shard.index.name, { kind: 'unchanged', target: shard.plan.target, entry, holder: 'h' });
  }
  return (model) => entries.get(model.index)!;
}

function settle(copy: SnapshotCopy, { plan, shards: views }: Awaited<ReturnType<typeof openViews>>) {
  const all = changedShards(plan);
  const group = views.map((at) => ({ at, shard: all[at.ordinal] }));
  return settleGroup(copy, group, { done: [], onDone: () => undefined, progress: new GroupProgress(() => undefined) });
}

it('shards are settled as they were when all views were open, whatever is written afterwards', async () => {
  const cluster = shards(3);
  const copy = cluster.copy();
  const opened = await openViews(copy, cluster.plan());
  for (const model of cluster.models) model.put('2', '{"n":2}');
  const results = await settle(copy, opened);
  expect(results.map(({ entry }) => entry?.totals.documents)).toEqual([1, 1, 1]);
  expect(cluster.open.size).toBe(0);
});

it('a shard whose view is lost is settled in one of its own, and its entry says so', async () => {
  const cluster = shards(2);
  const copy = cluster.copy();
  const opened = await openViews(copy, cluster.plan());
  cluster.open.delete(opened.shards[1].view!.id);
  cluster.models[1].put('2', '{"n":2}');
  const lostMillis = Date.now();
  const [kept, own] = (await settle(copy, opened)).map(({ entry }) => entry!);
  expect(kept.shown).toEqual({ fromMillis: opened.unchangedMillis, toMillis: opened.shards[0].view!.toMillis });
  expect(own.totals.documents).toBe(2);
  expect(own.shown!.fromMillis).toBeGreaterThanOrEqual(lostMillis);
});

it('a shard that was planned as unchanged and moved before the views were open becomes a changed one', async () => {
  const cluster = shards(3);
  const copy = cluster.copy();
  const unchanged = await unchangedSince(cluster, copy);
  const [written, late] = cluster.models;
  written.put('2', '{"n":2}');
  const plan = cluster.plan((model) => (model === written ? changed(model) : unchanged(model)));
  cluster.onOpen = (index) => {
    if (index === written.index) late.put('2', '{"n":2}');
  };
  const opened = await openViews(copy, plan);
  expect(opened.revised).toBe(true);
  expect(opened.plan.indices.map(({ shards: [one] }) => one.kind)).toEqual(['changed', 'changed', 'unchanged']);
  expect(changedShards(opened.plan).map(({ index }) => index.name)).toEqual([written.index, late.index]);
  const results = await settle(copy, opened);
  expect(results.map(({ entry }) => entry?.totals.documents)).toEqual([2, 2]);
});

it('an unchanged shard of an index that was deleted meanwhile stays as it was planned, and says when that was', async () => {
  const cluster = shards(2);
  const copy = cluster.copy();
  const unchanged = await unchangedSince(cluster, copy);
  const plan = cluster.plan((model) => (model === cluster.models[0] ? changed(model) : unchanged(model)));
  cluster.models[1].newHistory();
  const opened = await openViews(copy, plan);
  expect(opened.plan.indices[1].shards[0]).toMatchObject({ kind: 'unchanged', seenMillis: plan.seenMillis });
});

it('opens as many views as the cluster allows, and the others when those are closed', async () => {
  const cluster = shards(5);
  cluster.limit = 2;
  const copy = cluster.copy();
  const plan = cluster.plan();
  const rounds: number[] = [];
  for (let from = 0; from < 5;) {
    const opened = await openViews(copy, plan, { from });
    rounds.push(opened.to);
    expect(cluster.open.size).toBe(opened.to - from);
    await settle(copy, opened);
    from = opened.to;
  }
  expect(rounds).toEqual([2, 4, 5]);
  cluster.limit = 0;
  await expect(openViews(copy, plan)).rejects.toMatchObject({ code: 'cluster_unavailable' });
});

it('looks at an empty shard again, and opens no view for it as long as it is empty', async () => {
  const cluster = new Shards([
    new ShardModel('i0', 'indexuuid0000000000000'),
    new ShardModel('i1', 'indexuuid0000000000001'),
  ]);
  const copy = cluster.copy();
  const opened = await openViews(copy, cluster.plan());
  expect(cluster.open.size).toBe(0);
  const [first] = await settle(copy, opened);
  expect(first.entry!.shown).toEqual({ fromMillis: opened.unchangedMillis, toMillis: opened.unchangedMillis });
});

it('closes the views and throws when a shard has no primary', async () => {
  const cluster = shards(2);
  const copy = cluster.copy();
  const plan = cluster.plan();
  const states = copy.cluster.shardStates.bind(copy.cluster);
  copy.cluster.shardStates = async (names, signal) => (await states(names, signal)).slice(1);
  await expect(openViews(copy, plan)).rejects.toMatchObject({ code: 'cluster_unavailable' });
  expect(cluster.open.size).toBe(0);
});

it('leaves shards of another history to views of their own, which tell that it is another', async () => {
  const cluster = shards(2);
  const copy = cluster.copy();
  cluster.onOpen = (index) => {
    if (index === 'i1') cluster.models[1].newHistory();
  };
  const opened = await openViews(copy, cluster.plan());
  expect(opened.shards.map(({ view }) => view !== undefined)).toEqual([true, false]);
  const results = await settle(copy, opened);
  expect(results[1].failure?.reason).toMatch(/shard_inconsistent.*another history/);
});
