import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchHttp } from '../support/http';
import { createUsualIndex } from '../support/log-index';
import { elapsed } from '../support/statistics';

const POLL_MS = 50;

/**
 * Copies `index` by the cluster's own `_reindex`, one slice per shard. Returns the time, ms, or undefined where the
 * cluster has no `_reindex`.
 */
export async function reindexLocally(
  http: BenchHttp,
  index: string,
  target: string,
  shards: number,
): Promise<number | undefined> {
  const body = { conflicts: 'abort', source: { index, size: 5_000 }, dest: { index: target } };
  return elapsedIf(async () => {
    await createUsualIndex(http, target, shards);
    const path = `/_reindex?wait_for_completion=false&slices=${shards}`;
    const started = await http.jsonIfThere<{ task: string }>('POST', path, body);
    if (started === undefined) return false;
    for (;;) {
      const { completed, error } = await http.json<{ completed: boolean; error?: object }>(
        'GET',
        `/_tasks/${started.task}`,
      );
      if (error !== undefined) throw new Error(`_reindex failed: ${JSON.stringify(error)}`);
      if (completed) break;
      await sleep(POLL_MS);
    }
    await http.json('POST', `/${target}/_refresh`);
    return true;
  });
}

/** Returns the time of `work`, ms; undefined if it says that it did nothing. */
async function elapsedIf(work: () => Promise<boolean>): Promise<number | undefined> {
  let did = false;
  const ms = await elapsed(async () => {
    did = await work();
  });
  return did ? ms : undefined;
}
