/** The activities that handle metadata, on the workflows' own task queue. */
import { deleteActivities } from './deletes';
import { type Dependencies } from './dependencies';
import { Ledger } from './ledger';
import { registrationActivities } from './registrations';
import { restoreControlActivities } from './restores';
import { runActivity } from './run';
import { snapshotActivities } from './snapshots';

export function createControlActivities(deps: Dependencies) {
  const ledger = new Ledger(deps.client, deps.repositories);
  return {
    ...registrationActivities(deps),
    ...snapshotActivities(deps, ledger),
    ...deleteActivities(deps, ledger),
    ...restoreControlActivities(deps, ledger),
    /** Those of the workflows that do not run any more. */
    findEndedJobs: ({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> =>
      runActivity(() => ledger.ended(workflowIds)),
  };
}

export type ControlActivities = ReturnType<typeof createControlActivities>;
