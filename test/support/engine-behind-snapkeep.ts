import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, type EngineName, startEngine } from './engines';
import { type RunningSnapkeep, startSnapkeep } from './running-snapkeep';

export interface EngineBehindSnapkeep {
  readonly engine: Engine;
  readonly snapkeep: RunningSnapkeep;
  /** The engine's folder. */
  readonly dataDir: string;
}

/**
 * Starts an engine and Snapkeep in front of it before the tests of the surrounding `describe`, then does `prepare`;
 * stops both after them. Returns what to ask for them once they run.
 */
export function engineBehindSnapkeep(
  name: EngineName,
  prepare: (parts: EngineBehindSnapkeep) => Promise<void> = () => Promise.resolve(),
): () => EngineBehindSnapkeep {
  const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-engine-'));
  let engine: Engine | undefined;
  let snapkeep: RunningSnapkeep | undefined;
  const parts = (): EngineBehindSnapkeep => ({ engine: engine!, snapkeep: snapkeep!, dataDir });
  beforeAll(async () => {
    engine = await startEngine(name, { dataDir, javaHeap: '768m' });
    snapkeep = await startSnapkeep({ clusterUrl: engine.url });
    await prepare(parts());
  }, 400_000);
  afterAll(async () => {
    await snapkeep?.stop();
    await engine?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }, 120_000);
  return parts;
}
