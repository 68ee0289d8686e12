import { copyActivities } from './copy-activities';
import { type Dependencies } from './dependencies';
import { Ledger } from './ledger-client';
import { restoreChunkActivities } from './restore-chunk-activities';

/** Creates the activities that move documents. A worker serves them on a task queue of their own. */
export function createDataActivities(deps: Dependencies) {
  const ledger = new Ledger(deps.client, deps.repositories);
  return { ...copyActivities(deps, ledger), ...restoreChunkActivities(deps, ledger) };
}

/** The activities of the data queue, as workflows call them. */
export type DataActivities = ReturnType<typeof createDataActivities>;
