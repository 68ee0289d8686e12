/** The activities that move documents, on a task queue of their own. */
import { copyActivities } from './copy-activities';
import { type Dependencies } from './dependencies';
import { Ledger } from './ledger-client';
import { restoreChunkActivities } from './restore-chunk-activities';

export function createDataActivities(deps: Dependencies) {
  const ledger = new Ledger(deps.client, deps.repositories);
  return { ...copyActivities(deps, ledger), ...restoreChunkActivities(deps, ledger) };
}

export type DataActivities = ReturnType<typeof createDataActivities>;
