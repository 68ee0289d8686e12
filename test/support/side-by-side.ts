/** An engine, and Snapkeep in front of it: the same requests to both, and what of their answers must be equal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, type EngineName, startEngine } from './engines';
import { type RunningSnapkeep, startSnapkeep } from './running-snapkeep';

export interface SideBySide {
  readonly engine: Engine;
  readonly snapkeep: RunningSnapkeep;
  /** Settings of an `fs` repository, natively and through Snapkeep. */
  location(name: string): { readonly type: 'fs'; readonly settings: Record<string, string> };
  stop(): Promise<void>;
}

/** Starts both. Snapkeep's repositories lie in a folder of their own, so that names may be the same on both sides. */
export async function startSideBySide(name: EngineName): Promise<SideBySide> {
  const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-beside-'));
  const engine = await startEngine(name, { dataDir, javaHeap: '768m' });
  const snapkeep = await startSnapkeep({ clusterUrl: engine.url });
  return {
    engine,
    snapkeep,
    location: (location) => ({ type: 'fs', settings: { location } }),
    stop: async () => {
      await snapkeep.stop();
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Returns the paths of all members of a value with the types of their values, ascending. Members of `maps` are named by
 * the data, so all of them count as one.
 */
export function shapeOf(value: unknown, isData: (path: string) => boolean = () => false): string[] {
  const found = new Set<string>();
  const walk = (one: unknown, path: string): void => {
    if (Array.isArray(one)) {
      found.add(`${path}[]`);
      one.forEach((item) => walk(item, `${path}[]`));
    } else if (typeof one === 'object' && one !== null) {
      found.add(`${path}{}`);
      for (const [name, member] of Object.entries(one)) walk(member, `${path}.${isData(path) ? '*' : name}`);
    } else {
      found.add(`${path}: ${one === null ? 'null' : typeof one}`);
    }
  };
  walk(value, '');
  return [...found].sort();
}
