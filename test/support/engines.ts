import {
  type Engine,
  type EngineName,
  type EngineOptions,
  startEngine as startAny,
} from '../../scripts/engines/start-engine';

export {
  availableEngines,
  type AvailableEngine,
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
