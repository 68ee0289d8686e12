import { setHandler } from '@temporalio/workflow';
import { type RestoreGroupInput, type RestoreGroupResult } from '../src/contracts/jobs/restore';
import { cancelIndexRestoreSignal, restoreGroupStatusQuery } from '../src/contracts/jobs/workflow-messages';
import { IndexRestores } from './index-restores';
import { controlActivities } from './profiles';

/**
 * Restores some indices of a snapshot; child of `restoreSnapshotWorkflow`. Ends when each index is restored whole, or
 * deleted again with the reason in the result. Cancelled, it deletes what unfinished indices had written, and throws
 * the cancellation; finished indices stay. Throws the failure of its first step, which plans the group again.
 */
export async function restoreGroupWorkflow(input: RestoreGroupInput): Promise<RestoreGroupResult> {
  const work: { restores?: IndexRestores } = {};
  const stopped = [...input.stopped];
  setHandler(restoreGroupStatusQuery, () => work.restores?.recoveries ?? []);
  setHandler(cancelIndexRestoreSignal, ({ index }) => {
    stopped.push(index);
    work.restores?.stop(index);
  });
  const { group, stopped: _, ...common } = input;
  const indices = await controlActivities(input.options, `plan ${group.label}`).planRestoreGroup({
    ...common,
    ordinals: group.ordinals,
    backing: group.backing,
  });
  const restores = new IndexRestores({ ...common, indices });
  work.restores = restores;
  for (const index of stopped) restores.stop(index);
  await restores.run();
  return { summary: restores.summary(), recoveries: restores.recoveries };
}
