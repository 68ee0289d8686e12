import {
  type AvailableEngine,
  availableEngines,
  type Engine,
  type EngineName,
  type EngineOptions,
  startEngine as startAny,
} from '../../scripts/engines/start-engine';

export {
  type AvailableEngine,
  availableEngines,
  type Engine,
  type EngineName,
} from '../../scripts/engines/start-engine';

/**
 * Halves the CPU time of a start, which is most of what an engine does in a test: the second compiler and the threads
 * of the parallel collectors pay off only in processes that live longer.
 */
const SHORT_LIVED = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

/** Starts one node for a test; see `startEngine` of scripts/engines/start-engine.ts. */
export function startEngine(name: EngineName, options: Omit<EngineOptions, 'jvmArgs'>): Promise<Engine> {
  return startAny(name, { ...options, jvmArgs: SHORT_LIVED });
}

/**
 * Engines that every file of test/engines tries: one of each product, and the one without points in time.
 *
 * To keep CI short, the others run only what depends on an engine's answers: their start (smoke), the suites of
 * src/cluster (cluster), limits, documents there and back, and the restore of each into each other (behaviour).
 */
const TRIED_IN_FULL: ReadonlySet<EngineName> = new Set(['opensearch-3.8', 'elasticsearch-8.19', 'elasticsearch-7.10']);

/** Returns whether every file tries the engine. */
export function isTriedInFull(name: EngineName): boolean {
  return TRIED_IN_FULL.has(name);
}

/** Every engine that every file tries, and what is missing to run it here. */
export function enginesTriedInFull(): AvailableEngine[] {
  return availableEngines().filter(({ name }) => isTriedInFull(name));
}
