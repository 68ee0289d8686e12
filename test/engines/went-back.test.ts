import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { wentBackSuite } from '../behaviour/went-back-suite';
import { type Engine, enginesTriedInFull, startEngine } from '../support/engines';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(
    `after the files of ${title} were replaced by an older copy, a snapshot${missing === undefined ? '' : ` (${missing})`}`,
    () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-went-back-'));
      let engine: Engine;
      let snapkeep: RunningSnapkeep;

      beforeAll(async () => {
        engine = await startEngine(name, { dataDir, javaHeap: '768m' });
        snapkeep = await startSnapkeep({ clusterUrl: engine.url });
      }, 400_000);
      afterAll(async () => {
        await snapkeep?.stop();
        await engine?.stop();
        rmSync(dataDir, { recursive: true, force: true });
      }, 120_000);

      wentBackSuite(() => ({ snapkeep, dataDir, stop: () => engine.stop(), start: () => engine.restart() }), name);
    },
  );
}
