import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeGlobalState } from '../behaviour/global-state-suite';
import { availableEngines, type Engine, startEngine } from '../support/engines';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

for (const { name, title, missing } of availableEngines()) {
  (missing === undefined ? describe : describe.skip)(
    `with ${title}${missing === undefined ? '' : ` (${missing})`}`,
    () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-state-'));
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

      describeGlobalState({
        snapkeep: () => snapkeep,
        native: true,
        // The published parts of Elasticsearch 8 and 9 have no script languages.
        scripts: !/^elasticsearch-[89]/.test(name),
        legacy: true,
      });
    },
  );
}
