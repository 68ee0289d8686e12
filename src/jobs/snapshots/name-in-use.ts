import { invalidSnapshotName } from '../../contracts/common-errors';
import { isSnapkeepError } from '../../contracts/errors';
import { isElasticsearch } from '../../elasticsearch/version-id';
import { type ClusterFacts } from '../start/health';
import { JobExistsError } from '../start/start-job';

/**
 * Returns the error for a new snapshot whose name is in use, with the code of the cluster's version; any other error as
 * it is. If the cluster does not answer, the newer code is used.
 */
export async function nameInUse(
  cluster: ClusterFacts,
  repository: string,
  snapshot: string,
  error: unknown,
): Promise<unknown> {
  const problem = problemOf(error);
  if (problem === undefined) return error;
  const info = await cluster.info(AbortSignal.timeout(1_000)).catch(() => undefined);
  const code =
    info === undefined || isElasticsearch(info, 8)
      ? 'snapshot_name_already_in_use_exception'
      : 'invalid_snapshot_name_exception';
  return invalidSnapshotName(repository, snapshot, problem, code);
}

function problemOf(error: unknown): string | undefined {
  if (error instanceof JobExistsError) return 'snapshot with the same name is already in-progress';
  if (!isSnapkeepError(error, 'snapshot_name_already_in_use_exception')) return undefined;
  return 'snapshot with the same name already exists';
}
