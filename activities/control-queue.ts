import { runActivity } from './activity-shell';
import { analysisCleanUp } from './analysis-activities';
import { deleteActivities } from './delete-activities';
import { type Dependencies } from './dependencies';
import { Ledger } from './ledger-client';
import { policyActivities } from './policy-activities';
import { registrationActivities } from './registration-activities';
import { restoreActivities } from './restore-activities';
import { snapshotActivities } from './snapshot-activities';

/** Creates the activities that handle metadata. A worker serves them on the workflows' own task queue. */
export function createControlActivities(deps: Dependencies) {
  const ledger = new Ledger(deps.client, deps.repositories);
  return {
    ...registrationActivities(deps),
    ...snapshotActivities(deps, ledger),
    ...deleteActivities(ledger),
    ...restoreActivities(deps, ledger),
    ...analysisCleanUp(deps),
    ...policyActivities(deps),
    /** Returns those of the workflows that no longer run. */
    findEndedJobs: ({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> =>
      runActivity(() => ledger.ended(workflowIds)),
  };
}

/** The activities of the control queue, as workflows call them. */
export type ControlActivities = ReturnType<typeof createControlActivities>;
