export {
  startProcess,
  type ProcessExit,
  type StartedProcess,
  type StartOptions,
} from '../../scripts/lib/start-process';
