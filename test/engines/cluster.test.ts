import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCluster } from '../../src/cluster/cluster';
import { readingSuite } from '../cluster/reading-suite';
import { writingSuite } from '../cluster/writing-suite';
import { availableEngines, type Engine, startEngine } from '../support/engines';

const EXPECTED = {
  'opensearch-3.8': { product: 'opensearch', pit: 'opensearch' },
  'opensearch-2.19': { product: 'opensearch', pit: 'opensearch' },
  'elasticsearch-9.5': { product: 'elasticsearch', pit: 'elasticsearch' },
  'elasticsearch-8.19': { product: 'elasticsearch', pit: 'elasticsearch' },
  'elasticsearch-7.10': { product: 'elasticsearch', pit: 'none' },
} as const;

for (const { name, title, missing } of availableEngines()) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    let engine: Engine;
    const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-cluster-'));

    beforeAll(async () => {
      engine = await startEngine(name, { dataDir, javaHeap: '1g' });
    }, 300_000);
    afterAll(async () => {
      await engine?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    it('says what it is, and how views are opened', async () => {
      const cluster = openCluster({ url: engine.url });
      expect(await cluster.info()).toMatchObject(EXPECTED[name]);
      await cluster.close();
    });

    readingSuite({ url: () => engine.url });
    writingSuite({ url: () => engine.url });
  });
}
