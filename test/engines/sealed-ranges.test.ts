import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, openCluster } from '../../src/cluster/cluster';
import { type KnownRange } from '../../src/cluster/reading/document-reader';
import { MAX_SEQ_NO } from '../../src/contracts/seq-no';
import { collect, type ReadDocument, Rest, shardOf } from '../cluster/support';
import { type Engine, enginesTriedInFull, startEngine } from '../support/engines';
import { random } from '../support/random';
import { mergeAtRandom, writeAtRandom, WRITTEN_MAPPINGS, WRITTEN_SETTINGS } from '../support/random-writers';

/** The claim that incremental snapshots rest on, against real engines: see src/cluster/reading/document-reader.ts. */

const INDEX = 'sealed';
const SHARDS = 2;
/** Documents that the writers fight over. */
const IDS = 4_000;
const WIDTH = 200;
/** Writing goes on for so long at least, and on a slow machine until enough was seen. */
const LEAST_MS = 20_000;
const MOST_MS = 180_000;
/** Ranges of one look that are read in full; all are counted. */
const READ_PER_LOOK = 6;

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let engine: Engine;
    const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-sealed-'));

    beforeAll(async () => {
      engine = await startEngine(name, { dataDir, javaHeap: '1g' });
    }, 300_000);
    afterAll(async () => {
      await engine?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    it('sealed ranges of equal counts hold equal documents, and none ever grows, whatever is written meanwhile', async () => {
      const rest = new Rest(() => engine.url);
      await rest.createIndex(INDEX, { ...WRITTEN_SETTINGS, number_of_shards: SHARDS }, WRITTEN_MAPPINGS);
      const cluster = openCluster({ url: engine.url });
      const seed = Date.now() % 1_000_000;
      const seen = Array.from({ length: SHARDS }, () => new Seen());
      const sum = (pick: (one: Seen) => number): number => seen.reduce((total, one) => total + pick(one), 0);
      const enough = (): boolean =>
        sum((one) => one.looks) > 10 && sum((one) => one.equal) > 50 && sum((one) => one.pairs - one.equal) > 50;
      const started = Date.now();
      let failed = false;
      const goOn = (): boolean => {
        const passed = Date.now() - started;
        return !failed && (passed < LEAST_MS || (passed < MOST_MS && !enough()));
      };
      const writing = { url: engine.url, index: INDEX, ids: IDS, goOn };
      try {
        await Promise.all([
          ...[1, 2, 3].map((k) => writeAtRandom({ ...writing, next: random(seed + k) })),
          mergeAtRandom({ ...writing, next: random(seed + 9) }),
          ...seen.map((one, shard) => look(cluster, shard, one, random(seed + 20 + shard), goOn)),
        ]);
      } catch (error) {
        failed = true;
        throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
      } finally {
        await cluster.close();
      }
      console.log(
        `${title}: ${sum((one) => one.looks)} looks, ${sum((one) => one.pairs)} pairs of one range, ` +
          `${sum((one) => one.equal)} of equal count, ${sum((one) => one.lists)} lists of shrunken ranges`,
      );
      // Else the claim was not tried.
      expect(enough()).toBe(true);
    }, 300_000);
  });
}

/** What all looks at one shard have seen. */
class Seen {
  looks = 0;
  pairs = 0;
  equal = 0;
  lists = 0;
  /** Smallest count of each sealed range so far, by its position. */
  readonly live: number[] = [];
  /** What a range held when it held so many documents. */
  private readonly held = new Map<string, string>();

  counted(position: number, count: number): void {
    const before = this.live[position];
    if (before !== undefined) {
      this.pairs++;
      if (count === before) this.equal++;
      if (count > before) throw new Error(`range ${position} grew from ${before} to ${count}`);
    }
    this.live[position] = count;
  }

  holds(position: number, what: 'documents' | 'numbers', count: number, content: string): void {
    const key = `${what} ${position} ${count}`;
    const digest = createHash('sha256').update(content).digest('hex');
    const before = this.held.get(key);
    if (before !== undefined && before !== digest) throw new Error(`${key}: other ${what} than before`);
    this.held.set(key, digest);
  }
}

const rangeAt = (position: number) => ({ from: position * WIDTH, to: (position + 1) * WIDTH });
const print = (documents: readonly ReadDocument[]): string => documents.map((one) => JSON.stringify(one)).join('\n');
const numbers = (documents: readonly ReadDocument[]): string => documents.map(({ seqNo }) => seqNo).join();

async function look(
  cluster: Cluster,
  shard: number,
  seen: Seen,
  next: () => number,
  goOn: () => boolean,
): Promise<void> {
  const target = shardOf(INDEX, { shard });
  while (goOn()) {
    const state = (await cluster.shardStates([INDEX])).find((one) => one.shard === shard);
    if (state === undefined) throw new Error('the shard is not there');
    await cluster.refresh([INDEX]);
    const sealed = Math.floor((state.globalCheckpoint + 1) / WIDTH);
    // Without a view first, as sealed ranges are read.
    for (let k = 0; k < READ_PER_LOOK && sealed > 0; k++) {
      const position = Math.floor(next() * sealed);
      const documents = await collect(cluster.reader.readSealed(target, rangeAt(position)));
      seen.holds(position, 'documents', documents.length, print(documents));
      seen.holds(position, 'numbers', documents.length, numbers(documents));
      seen.counted(position, documents.length);
    }
    const known: KnownRange[] = Array.from({ length: sealed }, (_, position) => ({
      ...rangeAt(position),
      live: seen.live[position] ?? WIDTH,
    }));
    const view = await cluster.reader.openView(target, { known, read: [{ from: sealed * WIDTH, to: MAX_SEQ_NO }] });
    try {
      for (const [position, { live }] of known.entries()) {
        const count = view.counts[position];
        if (count < live && next() < 0.3) {
          const listed = await view.seqNos(position);
          seen.holds(position, 'numbers', count, listed.join());
          seen.lists++;
        }
        seen.counted(position, count);
      }
      const tail = await collect(view.documents(0));
      if (tail.length !== view.readCounts[0]) throw new Error(`${view.readCounts[0]} counted, ${tail.length} read`);
      if (tail.length > 0 && tail.at(-1)?.seqNo !== view.maxSeqNo) throw new Error('the tail ends elsewhere');
    } finally {
      await view.close();
    }
    seen.looks++;
  }
}
