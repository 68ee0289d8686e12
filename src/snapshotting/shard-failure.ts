import { isSnapkeepError } from '../contracts/errors';
import { type ShardResult } from '../contracts/jobs/copy';

/** Returns the failure of a shard that failed for good while others can go on. Throws every other error again. */
export function failureOf(error: unknown): NonNullable<ShardResult['failure']> {
  if (!isSnapkeepError(error) || error.retryable || (error.scope !== 'shard' && error.scope !== 'request')) throw error;
  return { reason: `${error.code}: ${error.message}`, status: 'INTERNAL_SERVER_ERROR' };
}
