import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../packages/embedded-cluster/src';
import { openCluster } from '../../src/cluster/cluster';
import { readingSuite } from './reading-suite';
import { writingSuite } from './writing-suite';

describe('the embedded cluster', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-cluster-'));
  let embedded: EmbeddedCluster;

  beforeAll(async () => {
    embedded = await startEmbeddedCluster({ dataDir, port: 0 });
  });
  afterAll(async () => {
    await embedded.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('says what it is, and has points in time', async () => {
    const cluster = openCluster({ url: embedded.url });
    expect(await cluster.info()).toMatchObject({ product: 'elasticsearch', pit: 'elasticsearch' });
    await cluster.close();
  });

  readingSuite({ url: () => embedded.url, embedded: true });
  writingSuite({ url: () => embedded.url, embedded: true });
});
