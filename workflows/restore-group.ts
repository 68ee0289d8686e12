/** Restores some indices of a snapshot; child of `restoreSnapshotWorkflow`. */
import { setHandler } from '@temporalio/workflow';
import { type IndexRecovery, type RestoreGroupInput } from '../src/contracts/jobs';
import { IndexRestores } from './index-restores';
import { cancelIndexRestoreSignal, restoreGroupStatusQuery } from './messages';

export async function restoreGroupWorkflow(input: RestoreGroupInput): Promise<readonly IndexRecovery[]> {
  const restores = new IndexRestores(input);
  setHandler(restoreGroupStatusQuery, () => restores.recoveries);
  setHandler(cancelIndexRestoreSignal, ({ index }) => {
    restores.stop(index);
  });
  await restores.run();
  return restores.recoveries;
}
