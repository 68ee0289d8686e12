import { type BenchHttp } from '../support/http';
import { createLogIndex, sendBodies } from '../support/log-index';
import { elapsed } from '../support/statistics';

/**
 * Loads an index in the fastest way over HTTP: sends bodies from memory as fast as the cluster takes them, into an
 * index without replicas and refreshes, then refreshes once.
 */
export async function loadBare(
  http: BenchHttp,
  target: string,
  bodies: readonly Buffer[],
  shards: number,
): Promise<number> {
  return elapsed(async () => {
    await createLogIndex(http, target, shards);
    await sendBodies(http, target, bodies);
    await http.json('POST', `/${target}/_refresh`);
  });
}
