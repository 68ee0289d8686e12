import { analysisActivities } from './analysis-activities';
import { type Dependencies } from './dependencies';
import { registrationActivities } from './registration-activities';

/** Creates the activities that have to run in each worker. A worker serves them on a task queue of its own. */
export function createWorkerActivities(deps: Dependencies) {
  return { ...registrationActivities(deps), ...analysisActivities(deps) };
}

/** The activities of a worker's own queue, as workflows call them. */
export type WorkerActivities = ReturnType<typeof createWorkerActivities>;
