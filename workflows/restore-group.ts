/** Restores some indices of a snapshot; child of `restoreSnapshotWorkflow`. */
import { setHandler } from '@temporalio/workflow';
import { type RestoreGroupInput, type RestoreSummary } from '../src/contracts/jobs';
import { IndexRestores } from './index-restores';
import { cancelIndexRestoreSignal, restoreGroupStatusQuery } from './messages';
import { controlActivities } from './profiles';

export async function restoreGroupWorkflow(input: RestoreGroupInput): Promise<RestoreSummary> {
  let restores: IndexRestores | undefined;
  const stopped = [...input.stopped];
  setHandler(restoreGroupStatusQuery, () => restores?.recoveries ?? []);
  setHandler(cancelIndexRestoreSignal, ({ index }) => {
    stopped.push(index);
    restores?.stop(index);
  });
  const { group, stopped: _, ...common } = input;
  const indices = await controlActivities(input.options, `plan ${group.label}`).planRestoreGroup({
    ...common,
    ordinals: group.ordinals,
  });
  restores = new IndexRestores({ ...common, indices });
  for (const index of stopped) restores.stop(index);
  await restores.run();
  return restores.summary();
}
