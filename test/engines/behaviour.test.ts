import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EmbeddedOss } from '../../packages/embedded-oss/src/server';
import { behaviourSuite } from '../behaviour/behaviour-suite';
import { expectMigrated, keepForMigration } from '../behaviour/migration-suite';
import { randomWritersSuite } from '../behaviour/random-writers-suite';
import { shrunkenSuite } from '../behaviour/shrunken-suite';
import { startTestOss } from '../support/embedded-oss';
import { availableEngines, type Engine, type EngineName, isTriedInFull, startEngine } from '../support/engines';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

/** Engines stay up until the end, so that the snapshot of each can be restored into each other. */
const started = new Map<EngineName, { engine: Engine; snapkeep: RunningSnapkeep; folder: string }>();
let oss: (EmbeddedOss & { stop(): Promise<void> }) | undefined;

afterAll(async () => {
  for (const { engine, snapkeep, folder } of started.values()) {
    await snapkeep.stop();
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
  await oss?.stop();
}, 120_000);

const engines = availableEngines();

for (const { name, title, missing } of engines) {
  (missing === undefined ? describe : describe.skip)(
    `with ${title}${missing === undefined ? '' : ` (${missing})`}`,
    () => {
      beforeAll(async () => {
        oss ??= await startTestOss();
        const folder = await mkdtemp(path.join(tmpdir(), `snapkeep-${name}-`));
        const engine = await startEngine(name, { dataDir: folder, javaHeap: '768m' });
        const snapkeep = await startSnapkeep({ clusterUrl: engine.url, oss });
        started.set(name, { engine, snapkeep, folder });
      }, 400_000);

      const running = (): RunningSnapkeep => started.get(name)!.snapkeep;
      behaviourSuite(running, name, { onlyDocuments: !isTriedInFull(name) });
      shrunkenSuite(running, name);
      if (isTriedInFull(name)) randomWritersSuite(running, { title, basePath: name, leastMs: 12_000 });
      it('keeps a snapshot for the other engines', () => keepForMigration(running(), name));
    },
  );
}

describe('a snapshot that one engine kept in the place of all', () => {
  const usable = engines.filter((engine) => engine.missing === undefined).map((engine) => engine.name);
  const pairs = usable.flatMap((from) => usable.filter((to) => to !== from).map((to) => [from, to] as const));
  it.each(pairs)('of %s restores into %s with its documents, settings, mappings and aliases', async (from, to) => {
    await expectMigrated(started.get(to)!.snapkeep, started.get(from)!.snapkeep, from);
  });
  if (pairs.length === 0) it.skip('(no two engines can run here)', () => undefined);
});
