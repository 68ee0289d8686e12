import { type BenchHttp } from '../support/http';
import { createLogIndex, createUsualIndex, sendBodies } from '../support/log-index';
import { elapsed } from '../support/statistics';

/**
 * Loads an index over HTTP: sends bodies from memory as fast as the cluster takes them, then refreshes once. Without
 * `usual` in the fastest way, without refreshes meanwhile; with it into an index as a person would leave it.
 */
export async function loadBare(
  http: BenchHttp,
  target: string,
  { bodies, shards, usual }: { bodies: readonly Buffer[]; shards: number; usual: boolean },
): Promise<number> {
  return elapsed(async () => {
    await (usual ? createUsualIndex : createLogIndex)(http, target, shards);
    await sendBodies(http, target, bodies);
    await http.json('POST', `/${target}/_refresh`);
  });
}
