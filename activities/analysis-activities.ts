import {
  type AnalysisBlobs,
  type AnalysisPart,
  type CallSums,
  type ContendedPart,
} from '../src/contracts/jobs/analysis';
import { type Registration } from '../src/contracts/registration';
import { type OpenRepository } from '../src/registrations/open-repositories';
import {
  checkDeleted,
  contend,
  deleteBlobs,
  readBlobs,
  readContended,
  writeBlobs,
} from '../src/repository/verifying/analyze-store';
import { runActivity } from './activity-shell';
import { type Dependencies } from './dependencies';

/** The parts of one worker in an analysis, on its own queue. Each is one attempt; none is made again. */
export function analysisActivities({ repositories }: Pick<Dependencies, 'repositories'>) {
  const inStore = <Result>(
    { registration }: AnalysisPart,
    work: (store: OpenRepository['store'], signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => runActivity(({ signal }) => work(repositories.open(registration).store, signal));

  return {
    /** Writes the worker's blobs and lists them. */
    writeBlobs: (part: AnalysisPart): Promise<CallSums> =>
      inStore(part, (store, signal) => writeBlobs(store, part, signal)),

    /** Reads the blobs of a part and compares them. */
    readBlobs: (part: AnalysisPart): Promise<CallSums> =>
      inStore(part, (store, signal) => readBlobs(store, part, signal)),

    /** Puts the contended keys; returns how many puts of each succeeded. */
    contend: (part: ContendedPart): Promise<number[]> => inStore(part, (store, signal) => contend(store, part, signal)),

    /** Reads what the contended keys hold. */
    readContended: (part: ContendedPart): Promise<string[]> =>
      inStore(part, (store, signal) => readContended(store, part, signal)),

    /** Sees that nothing is left. */
    checkDeleted: (part: AnalysisPart): Promise<void> =>
      inStore(part, (store, signal) => checkDeleted(store, part, signal)),
  };
}

/** The part of an analysis that any worker may do, on the control queue. Repeating it is harmless. */
export function analysisCleanUp({ repositories }: Pick<Dependencies, 'repositories'>) {
  return {
    /** Deletes all that the analysis wrote. */
    deleteBlobs: (call: {
      registration: Registration;
      blobs: AnalysisBlobs;
    }): Promise<{ listMillis: number; deleteMillis: number }> =>
      runActivity(({ signal }) => deleteBlobs(repositories.open(call.registration).store, call.blobs, signal)),
  };
}
