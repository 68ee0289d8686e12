export {
  availableEngines,
  startEngine,
  type AvailableEngine,
  type Engine,
  type EngineName,
  type EngineOptions,
} from '../../scripts/engines/start-engine';
