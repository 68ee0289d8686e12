import { POINTS_IN_TIME } from '../../src/cluster/dialect/point-in-time';
import { type BenchHttp } from './http';

const KEEP_ALIVE = '5m';

/** Opens a point in time of one shard, lets `work` use its id, and closes it. */
export async function inPointInTime<T>(
  http: BenchHttp,
  { index, shard }: { index: string; shard: number },
  work: (id: string) => Promise<T>,
): Promise<T> {
  const { version } = await http.json<{ version: { distribution?: string } }>('GET', '/');
  const requests = POINTS_IN_TIME[version.distribution === 'opensearch' ? 'opensearch' : 'elasticsearch'];
  const { path, query } = requests.open(index);
  const parameters = new URLSearchParams({ keep_alive: KEEP_ALIVE, preference: `_shards:${shard}` });
  for (const [name, value] of Object.entries(query ?? {})) parameters.set(name, String(value));
  const opened = await http.json<{ id?: string; pit_id?: string }>('POST', `${path}?${parameters.toString()}`);
  const id = (opened.pit_id ?? opened.id)!;
  try {
    return await work(id);
  } finally {
    const close = requests.close(id);
    await http.json('DELETE', close.path, close.body);
  }
}
