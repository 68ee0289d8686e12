import { type GroupResult, type ShardResult } from '../contracts/jobs/copy';
import { type OpenRepository } from '../registrations/open-repositories';
import { putList } from './job-notes';

/** Keeps the results of a group's shards as a note, for the commit. Throws what the store throws. */
export async function keepGroupResults(
  { store, write }: OpenRepository,
  uuid: string,
  results: readonly ShardResult[],
  signal: AbortSignal,
): Promise<GroupResult> {
  return {
    results: await putList(store, uuid, 'results', results, { compress: write.compress, signal }),
    failed: results.filter((result) => result.failure !== undefined).length,
  };
}
