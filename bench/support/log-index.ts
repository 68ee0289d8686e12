import { bulkBodies, numbersUpTo } from './bodies';
import { LOG_MAPPINGS } from './documents';
import { type BenchHttp } from './http';
import { inFlight } from './in-flight';
import { Random } from './random';

/** Concurrent bulk requests: more gain nothing on two cores. */
const BODIES_IN_FLIGHT = 3;

/** Creates an index for fast bulk loads: no replicas, no refresh unless requested. */
export async function createLogIndex(http: BenchHttp, index: string, shards: number): Promise<void> {
  await http.json('PUT', `/${index}`, {
    settings: { number_of_shards: shards, number_of_replicas: 0, refresh_interval: '-1' },
    mappings: LOG_MAPPINGS,
  });
}

/** Creates an index with the settings that a person would leave: refreshed every second, also while nobody searches. */
export async function createUsualIndex(http: BenchHttp, index: string, shards: number): Promise<void> {
  await http.json('PUT', `/${index}`, {
    settings: { number_of_shards: shards, number_of_replicas: 0, refresh_interval: '1s' },
    mappings: LOG_MAPPINGS,
  });
}

/** Sends the bodies concurrently; throws at the first document that is refused. */
export async function sendBodies(http: BenchHttp, index: string, bodies: Iterable<Buffer>): Promise<void> {
  await inFlight(bodies, BODIES_IN_FLIGHT, async (body) => {
    const answer = await http.bytes('POST', `/${index}/_bulk?filter_path=errors`, body, 'application/x-ndjson');
    if (Buffer.from(answer).toString('utf8') !== '{"errors":false}') throw new Error(`[${index}] refused documents`);
  });
}

/** Creates an index with documents 0 to `documents` − 1, refreshed and flushed. */
export async function loadLogIndex(http: BenchHttp, index: string, documents: number, shards: number): Promise<void> {
  await createLogIndex(http, index, shards);
  await sendBodies(http, index, bulkBodies(numbersUpTo(documents)));
  await settle(http, index);
}

/** Updates `count` documents chosen at random. */
export async function updateAtRandom(
  http: BenchHttp,
  index: string,
  options: { documents: number; count: number; revision: number },
): Promise<void> {
  const random = new Random(options.revision);
  const chosen = new Set<number>();
  while (chosen.size < options.count) chosen.add(random.below(options.documents));
  await sendBodies(http, index, bulkBodies(chosen, options.revision));
  await settle(http, index);
}

export async function forceMerge(http: BenchHttp, index: string): Promise<void> {
  await http.json('POST', `/${index}/_forcemerge?max_num_segments=1`);
  await settle(http, index);
}

export async function countDocuments(http: BenchHttp, index: string): Promise<number> {
  const { count } = await http.json<{ count: number }>('GET', `/${index}/_count`);
  return count;
}

export async function deleteIndex(http: BenchHttp, index: string): Promise<void> {
  await http.json('DELETE', `/${index}?ignore_unavailable=true`);
}

/** Refreshes and flushes. */
export async function settle(http: BenchHttp, index: string): Promise<void> {
  await http.json('POST', `/${index}/_refresh`);
  await http.json('POST', `/${index}/_flush?wait_if_ongoing=true`);
}
