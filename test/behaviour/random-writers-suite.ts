import { openCluster } from '../../src/cluster/cluster';
import { type Segment } from '../../src/repository/format/format';
import { writerOf } from '../../src/repository/format/keys';
import { joined } from '../../src/repository/segments/ascending-numbers';
import { SegmentNumbers } from '../../src/repository/segments/segment-numbers';
import { collect, type ReadDocument, Rest, shardOf } from '../cluster/support';
import { restored } from '../repository/support/shards';
import { random } from '../support/random';
import { mergeAtRandom, writeAll, writeAtRandom, WRITTEN_MAPPINGS, WRITTEN_SETTINGS } from '../support/random-writers';
import { type RunningSnapkeep } from '../support/running-snapkeep';
import { type ShownDocument, WriteHistory } from '../support/write-history';
import { documentsOf } from './documents';
import { PartwiseSnapshots, type TakenShard } from './partwise-snapshots';

export interface RandomWritersOptions {
  readonly title: string;
  /** A folder of the installation's bucket. */
  readonly basePath: string;
  /** Writing goes on for so long at least in each test, and on a slow machine until enough was seen. */
  readonly leastMs: number;
}

const MOST_MS = 120_000;
const TEST_MS = 300_000;
/** Searches return few documents at once, so that views are looked through for long while others write. */
const SETTINGS = { ...WRITTEN_SETTINGS, number_of_replicas: 0, max_result_window: 500 };
const LEAST_SNAPSHOTS = 6;
/** Ms at most between bulks: the cluster has to read, too. */
const PAUSE = 60;

/**
 * Every snapshot that is taken while others write restores to exactly its view: nothing is missing, nothing too much,
 * and all of it of one moment.
 */
export function randomWritersSuite(running: () => RunningSnapkeep, options: RandomWritersOptions): void {
  const { title, basePath, leastMs } = options;

  it(
    'snapshots that are taken while several write restore to exactly the view they were taken from',
    async () => {
      const index = 'several-writers';
      const shards = 2;
      const ids = 5_000;
      const url = running().clusterUrl;
      await new Rest(() => url).createIndex(index, { ...SETTINGS, number_of_shards: shards }, WRITTEN_MAPPINGS);
      const history = new WriteHistory('several');
      const cluster = openCluster({ url });
      const snapshots = new PartwiseSnapshots(cluster);
      const seen = new Seen();
      const taken: TakenShard[] = [];
      try {
        await seeded(
          () => `${title}: ${seen.print()}`,
          async (seed) => {
            await writeAll({ url, index, ids, next: random(seed), goOn: () => true, history });
            const idsOf = await idsByShard(url, index, shards);
            expect(idsOf.flat().length).toBe(ids);
            const { pit } = await cluster.info();
            await whileWriting(
              { leastMs, isEnough: () => seen.isEnough() },
              (goOn) => {
                const writing = { url, index, ids, history, goOn, pause: PAUSE };
                return [
                  ...[1, 2, 3].map((k) => writeAtRandom({ ...writing, next: random(seed + k) })),
                  mergeAtRandom({ ...writing, next: random(seed + 9) }),
                ];
              },
              async () => {
                const next = random(seed + 20 + seen.snapshots);
                const ordered = (seen.snapshots % 3 === 0 || undefined) && { next, onLost: () => seen.lost++ };
                const chunkBytes = next() < 0.5 ? undefined : Math.floor(100_000 + next() * 1_000_000);
                const began = performance.now();
                const parts = await snapshots.take(`snapshot-${seen.snapshots}`, index, { chunkBytes, ordered });
                if (history.countWithin(began, performance.now()) > 0) seen.disturbed++;
                taken.push(...parts);
                for (const part of parts) {
                  seen.add(part, (await snapshots.catalogue.readShardManifest(part.entry)).segments);
                }
                seen.snapshots++;
              },
            );
            for (const part of taken) await expectItsView(snapshots, part, history, idsOf[part.shard]);
            expect(seen.views).toBe(pit === 'none' ? 0 : taken.length);
            if (pit !== 'none') expect(seen.lost).toBeGreaterThan(0);
          },
        );
      } finally {
        await snapshots.close();
        await cluster.close();
      }
      // Else the claim was not tried.
      expect(seen.isEnough()).toBe(true);
    },
    TEST_MS,
  );

  it(
    'snapshots that the service takes while each index has a writer restore to all its writes up to one',
    async () => {
      const { call, clusterUrl: url } = running();
      const indices = ['one-writer-a', 'one-writer-b', 'one-writer-c'];
      const histories = new Map(indices.map((index) => [index, new WriteHistory('one')]));
      const ids = 1_500;
      const settings = running().ossSettings(`${basePath}/random-writers`);
      await call('PUT', '/_snapshot/random-writers', { type: 'oss', settings });
      const rest = new Rest(() => url);
      for (const index of indices) await rest.createIndex(index, SETTINGS, WRITTEN_MAPPINGS);
      const taken: { name: string; indices: string[]; began: number; ended: number }[] = [];
      let disturbed = 0;
      let compared = 0;
      const counts = () =>
        `${title}: ${taken.length} snapshots by the service, ${disturbed} with writes meanwhile, ${compared} restored indices compared`;
      await seeded(counts, async (seed) => {
        const writings = indices.map((index, i) => ({
          url,
          index,
          ids,
          pause: PAUSE,
          history: histories.get(index),
          next: random(seed + 1 + i),
        }));
        for (const writing of writings) await writeAll({ ...writing, goOn: () => true });
        const choose = random(seed + 20);
        await whileWriting(
          { leastMs, isEnough: () => taken.length >= LEAST_SNAPSHOTS && disturbed >= LEAST_SNAPSHOTS },
          (goOn) => [
            ...writings.map((writing) => writeAtRandom({ ...writing, goOn })),
            mergeAtRandom({ url, index: indices.join(), next: random(seed + 9), goOn }),
          ],
          async () => {
            const name = `snapshot-${taken.length}`;
            // Not always all of them: bases then come from different snapshots.
            const some = indices.filter(() => choose() < 0.8);
            const chosen = some.length === 0 ? indices : some;
            const began = performance.now();
            const answer = await call('PUT', `/_snapshot/random-writers/${name}?wait_for_completion=true`, {
              indices: chosen.join(),
            });
            const ended = performance.now();
            expect(answer.json?.snapshot ?? answer.text).toMatchObject({ state: 'SUCCESS', shards: { failed: 0 } });
            taken.push({ name, indices: chosen, began, ended });
            if (chosen.every((index) => (histories.get(index)?.countWithin(began, ended) ?? 0) > 0)) disturbed++;
          },
        );
        for (const { name, indices: held, began, ended } of taken) {
          const answer = await call('POST', `/_snapshot/random-writers/${name}/_restore?wait_for_completion=true`, {
            rename_pattern: '(.+)',
            rename_replacement: `$1-${name}`,
          });
          expect(answer.json?.snapshot ?? answer.text).toMatchObject({ shards: { failed: 0 } });
          for (const index of held) {
            const found = [...(await documentsOf(url, `${index}-${name}`))].map(
              ([id, { source, routing, version }]) => {
                const plain = routing === '' ? undefined : (JSON.parse(routing) as string);
                return [id, { source, version, routing: plain }] as const;
              },
            );
            const history = histories.get(index)!;
            await about(`${name} of ${index}`, () => history.check(new Map(found), history.ids, began, ended));
            compared++;
          }
          await rest.deleteIndices(...held.map((index) => `${index}-${name}`));
        }
      });
      expect(disturbed).toBeGreaterThanOrEqual(LEAST_SNAPSHOTS);
    },
    TEST_MS,
  );
}

/** What all snapshots together have met with. */
class Seen {
  snapshots = 0;
  /** Snapshots during which something was written. */
  disturbed = 0;
  /** Views that were looked through whole. */
  views = 0;
  /** Views that were lost while they were read in document order. */
  lost = 0;
  /** Segments of earlier snapshots, of which some were served with fewer documents than were stored. */
  private shared = 0;
  private shrunken = 0;
  /** Segments written below what an earlier snapshot had sealed. */
  private rewritten = 0;
  private unsealed = 0;
  private readonly sealedThrough = new Map<number, number>();

  add({ shard, uuid, entry, shown }: TakenShard, segments: readonly Segment[]): void {
    const before = this.sealedThrough.get(shard) ?? -1;
    for (const { objects, from, live, stored, sealed } of segments) {
      if (objects.some(({ key }) => writerOf(key) !== uuid)) {
        this.shared++;
        if (live < stored) this.shrunken++;
      } else if (from <= before) this.rewritten++;
      if (!sealed) this.unsealed++;
    }
    if (shown !== undefined) this.views++;
    this.sealedThrough.set(shard, entry.sealedThrough);
  }

  isEnough(): boolean {
    const times = [this.snapshots, this.disturbed, this.shared, this.shrunken, this.rewritten];
    return times.every((count) => count >= LEAST_SNAPSHOTS);
  }

  print(): string {
    return (
      `${this.snapshots} snapshots, ${this.disturbed} with writes meanwhile, ${this.views} whole views compared, ${this.lost} views lost; ` +
      `segments: ${this.shared} shared, ${this.shrunken} of them shrunken, ${this.rewritten} rewritten, ${this.unsealed} unsealed`
    );
  }
}

/** Reads what a restore of the shard writes, and compares it with its view, and with all that was ever written. */
async function expectItsView(
  snapshots: PartwiseSnapshots,
  { shard, uuid, entry, shown, began, opened }: TakenShard,
  history: WriteHistory,
  ids: readonly string[],
): Promise<void> {
  const documents = (await restored(snapshots, entry)).map(
    ({ id, source, routing, version }) => [id, { source, routing, version: String(version) }] as const,
  );
  const { segments } = await snapshots.catalogue.readShardManifest(entry);
  await about(`${uuid}[${shard}]`, async () => {
    if (shown !== undefined) {
      const byId = (one: readonly [string, unknown], other: readonly [string, unknown]): number =>
        one[0] < other[0] ? -1 : 1;
      const all = shown.map(({ id, source, routing, version }) => [id, { source, routing, version }] as const);
      expect([...documents].sort(byId)).toEqual(all.sort(byId));
      const numbers = new SegmentNumbers(snapshots.store, {});
      const live = await Promise.all(segments.map((segment) => numbers.live(segment)));
      expect([...joined(live)]).toEqual(shown.map(({ seqNo }) => seqNo));
    }
    expect(new Set(documents.map(([id]) => id)).size).toBe(documents.length);
    history.check(new Map<string, ShownDocument>(documents), ids, began, opened);
  });
}

/** Which documents live on which shard, while all of them do and nobody writes. */
async function idsByShard(url: string, index: string, shards: number): Promise<string[][]> {
  const cluster = openCluster({ url });
  try {
    await cluster.refresh([index]);
    const states = await cluster.shardStates([index]);
    const documents: ReadDocument[][] = [];
    for (let shard = 0; shard < shards; shard++) {
      const to = (states.find((one) => one.shard === shard)?.maxSeqNo ?? -1) + 1;
      documents.push(await collect(cluster.reader.readSealed(shardOf(index, { shard }), { from: 0, to })));
    }
    return documents.map((some) => some.map(({ id }) => id));
  } finally {
    await cluster.close();
  }
}

/** Takes one snapshot after the other beside the writers, until time is up and enough was seen. */
async function whileWriting(
  { leastMs, isEnough }: { leastMs: number; isEnough: () => boolean },
  writers: (goOn: () => boolean) => Promise<void>[],
  takeSnapshot: () => Promise<void>,
): Promise<void> {
  const started = performance.now();
  let ended = false;
  const snapshots = async (): Promise<void> => {
    for (;;) {
      const passed = performance.now() - started;
      if (ended || passed > MOST_MS || (passed > leastMs && isEnough())) return;
      await takeSnapshot();
    }
  };
  // Whoever fails or is done ends all; nobody is left behind who still writes.
  const all = [...writers(() => !ended), snapshots()].map((one) =>
    one.finally(() => {
      ended = true;
    }),
  );
  await Promise.allSettled(all);
  await Promise.all(all);
}

/** Works with a new seed; what was seen stands in the log, with a failure, too. */
async function seeded(counts: () => string, work: (seed: number) => Promise<void>): Promise<void> {
  const seed = Date.now() % 1_000_000;
  try {
    await about(`seed ${seed}`, () => work(seed));
  } finally {
    console.log(`${counts()}; seed ${seed}`);
  }
}

/** Failures of `work` say what it was about. */
async function about(what: string, work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
