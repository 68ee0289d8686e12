/** The activities that handle metadata, on the workflows' own task queue. */
import { runActivity } from './activity-shell';
import { deleteActivities } from './delete-activities';
import { type Dependencies } from './dependencies';
import { Ledger } from './ledger-client';
import { registrationActivities } from './registration-activities';
import { restoreActivities } from './restore-activities';
import { snapshotActivities } from './snapshot-activities';

export function createControlActivities(deps: Dependencies) {
  const ledger = new Ledger(deps.client, deps.repositories);
  return {
    ...registrationActivities(deps),
    ...snapshotActivities(deps, ledger),
    ...deleteActivities(ledger),
    ...restoreActivities(deps, ledger),
    /** Those of the workflows that do not run any more. */
    findEndedJobs: ({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> =>
      runActivity(() => ledger.ended(workflowIds)),
  };
}

export type ControlActivities = ReturnType<typeof createControlActivities>;
