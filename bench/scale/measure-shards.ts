/**
 * Plans, groups and commits snapshots of a made-up cluster of any size, by the code that runs in production, in a
 * repository in a folder. Nothing is read from a cluster, and no document is written.
 */
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { FsBlobStore } from '../../src/blobs/fs/fs-blob-store';
import { type Cluster } from '../../src/cluster/cluster';
import { type GroupResult, type ShardGroup, type ShardResult } from '../../src/contracts/jobs/copy';
import { type BeginSnapshotResult, type SnapshotStatus } from '../../src/contracts/jobs/snapshot';
import { type ObjectRef } from '../../src/contracts/stored';
import { workflowIds } from '../../src/contracts/workflow-ids';
import { Catalogue } from '../../src/repository/catalogue/catalogue';
import { initRoot } from '../../src/repository/catalogue/init-root';
import { addSnapshot } from '../../src/repository/catalogue/root';
import { commitSnapshot } from '../../src/repository/committing/commit-snapshot';
import { type Root, type SnapshotManifest } from '../../src/repository/format/format';
import { newSnapshotUuid, rootKey } from '../../src/repository/format/keys';
import { shardTotals } from '../../src/repository/format/shard-totals';
import { buildManifest } from '../../src/snapshotting/build-manifest';
import { putList, readLists } from '../../src/snapshotting/job-notes';
import {
  areReadInViews,
  type ChangedShard,
  changedShard,
  changedShards,
  countsOf,
  groupShards,
  groupToSettle,
  type JobPlan,
  writePlan,
} from '../../src/snapshotting/job-plan';
import { NoteReader } from '../../src/snapshotting/note-reader';
import { VIEWS_AT_ONCE } from '../../src/snapshotting/open-views';
import { planSnapshot } from '../../src/snapshotting/plan-snapshot';
import { elapsed } from '../support/statistics';
import { CountingStore } from './counting-store';
import { type Figure } from './figures';
import { type MadeUpCluster, madeUpCluster, writtenTo } from './made-up-cluster';
import { chunksOf, madeUpEntry, madeUpManifest } from './made-up-copies';
import { groupEvents, snapshotEvents, TEMPORAL } from './temporal-limits';

/** Snapshots of the repository whose root is listed. */
const LISTED = 1_000;
const JOB = { ignoreUnavailable: false, includeGlobalState: false, partial: false } as const;
/** Most bytes of a payload. */
const MOST_BYTES = TEMPORAL.payloadBytes;
/** Activities whose begin is measured. */
const AGAIN = 1_000;
const COMPRESS = { compress: true } as const;
/** One shard of so many is written to between the snapshots, and so many documents. */
const WRITTEN = { every: 100, documents: 240_000 };

/** Runs the simulation in `folder`, which must not exist. */
export async function measureShards(
  shards: number,
  folder: string,
  say: (line: string) => void,
): Promise<readonly Figure[]> {
  const simulation = new Simulation(join(folder, 'scale'), madeUpCluster(shards), say);
  return simulation.run();
}

class Simulation {
  private readonly figures: Figure[] = [];
  private readonly store: CountingStore;
  private catalogue: Catalogue;

  constructor(
    folder: string,
    private readonly cluster: MadeUpCluster,
    private readonly say: (line: string) => void,
  ) {
    this.store = new CountingStore(new FsBlobStore(folder));
    this.catalogue = new Catalogue(this.store);
  }

  async run(): Promise<readonly Figure[]> {
    await this.store.checkUsable();
    await initRoot(this.catalogue);
    this.store.counted();
    const first = await this.firstSnapshot();
    await this.unchangedSnapshot();
    await this.changedSnapshot();
    await this.manySnapshots(first);
    this.count('memory of this process, all of it at once', process.memoryUsage().rss, 'bytes');
    return this.figures;
  }

  private async firstSnapshot(): Promise<SnapshotManifest> {
    const plan = await this.plan('first', this.cluster);
    const ref = await this.note('first', plan);
    await this.planReads(plan, ref);
    const results = this.results(plan);
    const groups = groupShards(changedShards(plan));
    const notes: ObjectRef[] = [];
    await this.timed('first: notes of results, written', async () => {
      for (const { first, count } of groups) {
        notes.push(await putList(this.store, plan.uuid, 'results', results.slice(first, first + count), COMPRESS));
      }
    });
    this.count('first: notes of results', notes.length, 'count');
    let read: ShardResult[] = [];
    await this.timed('first: notes of results, read', async () => {
      read = await readLists(this.store, 'results', notes, {});
    });
    return this.commit('first', plan, read);
  }

  private async unchangedSnapshot(): Promise<void> {
    this.catalogue = new Catalogue(this.store);
    const plan = await this.plan('unchanged', this.cluster);
    await this.commit('unchanged', plan, []);
  }

  private async changedSnapshot(): Promise<void> {
    const label = '1 % of the shards changed';
    const plan = await this.plan(label, writtenTo(this.cluster, WRITTEN.every, WRITTEN.documents));
    await this.note(label, plan);
  }

  private async plan(label: string, { info, indices, states }: MadeUpCluster): Promise<JobPlan> {
    const { catalogue } = this;
    let plan!: JobPlan;
    await this.timed(`${label}: planned`, async () => {
      plan = await planSnapshot({
        call: {
          snapshot: label.replace(/[ %]+/g, '-'),
          uuid: newSnapshotUuid(),
          startMillis: Date.now(),
          request: JOB,
        },
        info,
        indices,
        states,
        statesMillis: Date.now(),
        root: await catalogue.readRoot(),
        catalogue,
        cluster: NO_CLUSTER,
        signal: new AbortController().signal,
      });
    });
    const groups = groupShards(changedShards(plan));
    const { unchangedShards } = countsOf(plan);
    this.count(`${label}: unchanged shards`, unchangedShards, 'count');
    this.count(`${label}: groups, each a child workflow`, groups.length, 'count');
    this.count(`${label}: shards of a group, the most`, Math.max(0, ...groups.map(({ count }) => count)), 'count');
    return plan;
  }

  /** Writes the plan and measures what the workflow holds of it. */
  private async note(label: string, plan: JobPlan): Promise<ObjectRef> {
    let ref!: ObjectRef;
    await this.timed(`${label}: plan written`, async () => {
      ref = await writePlan(this.store, plan, COMPRESS);
    });
    const json = gunzipSync(await this.store.get(ref.key));
    this.count(`${label}: plan, JSON`, json.length, 'bytes');
    this.count(`${label}: plan, stored`, ref.length, 'bytes');
    const changed = changedShards(plan);
    const groups = groupShards(changed);
    const begun: BeginSnapshotResult = {
      kind: 'planned',
      mayHaveCommitted: false,
      plan: ref,
      groups,
      smallInViews: areReadInViews(changed),
      counts: countsOf(plan),
    };
    this.count(`${label}: result of beginSnapshot`, jsonBytes(begun), 'bytes', MOST_BYTES);
    const rounds = roundsOf(plan);
    const settled = rounds.flat();
    const status: Pick<SnapshotStatus, 'groups' | 'settling'> = {
      groups: groups.map((group, i) => ({
        workflowId: workflowIds.snapshotGroup('repository', plan.snapshot, plan.uuid, i),
        group,
        done: false,
      })),
      settling: settled.map((group) => ({ group, done: false, failed: 0 })),
    };
    const events = snapshotEvents(groups.length, rounds.length, settled.length);
    this.count(`${label}: rounds of views`, rounds.length, 'count');
    this.count(`${label}: groups to settle, each an activity`, settled.length, 'count');
    this.count(`${label}: answer to getStatus`, jsonBytes(status), 'bytes', MOST_BYTES);
    const settledResults: GroupResult[] = settled.map(() => ({ results: ref, failed: 0 }));
    this.count(`${label}: results in the input of commitSnapshot`, jsonBytes(settledResults), 'bytes', MOST_BYTES);
    this.count(`${label}: events of the workflow`, events, 'count', TEMPORAL.events);
    const large = groups.filter(({ small }) => !small).map((group) => [group.count, chunksIn(group, changed)] as const);
    const most = Math.max(0, ...large.map(([count, chunks]) => groupEvents(count, chunks / count)));
    this.count(`${label}: events of a child, the most`, most, 'count', TEMPORAL.events);
    const parts = Array.from({ length: Math.max(0, ...large.map(([, chunks]) => chunks)) }, () => ref);
    this.count(`${label}: notes in the input of keepCopied, the most`, jsonBytes(parts), 'bytes', MOST_BYTES);
    this.count(`${label}: activities that copy`, activitiesOf(plan), 'count');
    return ref;
  }

  /** Measures what every activity that copies begins with, and what that comes to for all of them. */
  private async planReads(plan: JobPlan, ref: ObjectRef): Promise<void> {
    const notes = new NoteReader();
    const open = async (i: number): Promise<ChangedShard> =>
      changedShard(await notes.plan(this.store, ref), i % changedShards(plan).length);
    await this.timed('first: plan read, by each worker', () => open(0));
    const again = await this.timed(`first: the same again, ${AGAIN} activities`, async () => {
      for (let i = 0; i < AGAIN; i++) await open(i);
    });
    this.count('first: the same, all activities', (again / AGAIN) * activitiesOf(plan), 'ms');
  }

  private results(plan: JobPlan): ShardResult[] {
    const changed = changedShards(plan);
    const manifest = madeUpManifest(plan.uuid, changed[0]!);
    const json = JSON.stringify(manifest);
    const stored = gzipSync(json).length;
    this.count('first: manifest of a shard, JSON', json.length, 'bytes');
    this.count('first: manifest of a shard, stored', stored, 'bytes');
    const totals = shardTotals(manifest, plan.uuid);
    return changed.map((shard) => ({
      ordinal: shard.ordinal,
      entry: madeUpEntry(plan.uuid, shard, totals, stored),
    }));
  }

  private async commit(label: string, plan: JobPlan, results: readonly ShardResult[]): Promise<SnapshotManifest> {
    let manifest!: SnapshotManifest;
    let ref!: ObjectRef;
    this.store.counted();
    await this.timed(`${label}: committed`, async () => {
      manifest = buildManifest({ plan, results, unchangedMillis: plan.seenMillis }, false);
      ref = (await commitSnapshot(this.catalogue, manifest, COMPRESS)).manifest;
    });
    const json = gunzipSync(await this.store.get(ref.key));
    this.count(`${label}: manifest, JSON`, json.length, 'bytes');
    this.count(`${label}: manifest, stored`, ref.length, 'bytes');
    const texts = manifest.indices.map(({ mappings }) => mappings);
    const mappings = (all: Iterable<string>): number => [...all].reduce((sum, text) => sum + text.length, 0);
    this.count(`${label}: its mappings, equal ones once`, mappings(new Set(texts)), 'bytes');
    this.count(`${label}: its mappings, had each index its own`, mappings(texts), 'bytes');
    return manifest;
  }

  /** Fills a root with snapshots of all indices, and measures reading it. */
  private async manySnapshots(manifest: SnapshotManifest): Promise<void> {
    const before = await this.catalogue.readRoot();
    this.count('root with 2 snapshots', jsonBytes(before), 'bytes');
    const entry = before.snapshots[0]!;
    let root: Root = before;
    for (let i = before.snapshots.length; i < LISTED; i++) {
      const uuid = newSnapshotUuid();
      const ref = { ...entry.manifest, key: entry.manifest.key.replace(entry.uuid, uuid) };
      root = addSnapshot(root, { ...manifest, snapshot: `nightly-${i}`, uuid }, ref);
    }
    const bytes = Buffer.from(JSON.stringify(root));
    this.count(`root with ${LISTED} snapshots`, bytes.length, 'bytes');
    await this.store.putIfAbsent(rootKey(root.generation), bytes);
    this.store.counted();
    const cold = new Catalogue(this.store);
    await this.timed(`root with ${LISTED} snapshots, read for a list`, () => cold.readRoot());
    await this.timed('the same again, as a process that runs does', () => cold.readRoot());
    await this.timed('manifest of a snapshot, read for its status', () => cold.readSnapshotManifest(entry.manifest));
  }

  private async timed(what: string, work: () => Promise<unknown>): Promise<number> {
    this.store.counted();
    const ms = await elapsed(work);
    const requests = this.store.counted();
    this.say(`${what}: ${Math.round(ms)} ms`);
    this.figures.push({ what, value: ms, unit: 'ms', requests });
    return ms;
  }

  private count(what: string, value: number, unit: Figure['unit'], most?: number): void {
    this.figures.push({ what, value, unit, most });
  }
}

/** Answers nothing, because shards of a session that is known need no proof. */
const NO_CLUSTER = new Proxy({} as Pick<Cluster, 'refresh' | 'readerOf'>, {
  get: (_, name) => {
    throw new Error(`the plan asked the cluster for [${String(name)}]`);
  },
});

/** Counts the activities that copy the plan: of small shards one for each group, of large ones one for each chunk. */
function activitiesOf(plan: JobPlan): number {
  const changed = changedShards(plan);
  return groupShards(changed).reduce(
    (sum, group) => sum + (group.small ? 1 : chunksIn(group, changed) + 2 * group.count),
    0,
  );
}

/** Returns the groups to settle of each round, were the cluster to allow as many views as a snapshot opens at once. */
function roundsOf(plan: JobPlan): ShardGroup[][] {
  const changed = changedShards(plan);
  return Array.from({ length: Math.ceil(changed.length / VIEWS_AT_ONCE) }, (_, round) =>
    groupToSettle(changed.slice(round * VIEWS_AT_ONCE, (round + 1) * VIEWS_AT_ONCE)),
  );
}

function chunksIn(group: ShardGroup, changed: readonly ChangedShard[]): number {
  const shards = changed.slice(group.first, group.first + group.count);
  return shards.reduce((sum, { plan }) => sum + chunksOf(plan.bytes, group), 0);
}

function jsonBytes(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
