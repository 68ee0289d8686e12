export { temporalBinary } from './binary';
export {
  startTemporalDevServer,
  type TemporalDevServer,
  temporalDevServerArgs,
  temporalDevServerEnv,
  type TemporalDevServerOptions,
} from './dev-server';
export { freePorts } from './free-ports';
export { waitForTemporal } from './wait-for-temporal';
