import { z } from 'zod';
import { type BlobCallOptions, type BlobStore } from '../blobs/contract/blob-store';
import { type GroupResult, type ShardResult } from '../contracts/jobs/copy';
import { jobNoteName, newAttempt } from '../repository/format/keys';
import { getMetadata, putMetadata } from '../repository/format/metadata';

const schema = z.object({ results: z.custom<ShardResult[]>((value) => Array.isArray(value)) });

/** Writes the results as a note of the job; payloads carry its reference. */
export async function keepResults(
  store: BlobStore,
  uuid: string,
  results: readonly ShardResult[],
  options: BlobCallOptions & { compress: boolean },
): Promise<GroupResult> {
  const ref = await putMetadata(store, jobNoteName(uuid, 'results', newAttempt()), { results }, options);
  return { results: ref, failed: results.filter((result) => result.failure !== undefined).length };
}

/** Results of all groups, in the order of the shards. */
export async function readResults(
  store: BlobStore,
  groups: readonly GroupResult[],
  options: BlobCallOptions,
): Promise<ShardResult[]> {
  const results: ShardResult[] = [];
  for (const group of groups) results.push(...(await getMetadata(store, group.results, schema, options)).results);
  return results;
}
