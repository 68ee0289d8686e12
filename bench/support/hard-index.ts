import { setTimeout as sleep } from 'node:timers/promises';
import { type HardCase } from '../hard-cases';
import { bulkBodies, numbersUpTo } from './bodies';
import { LOG_MAPPINGS, logId } from './documents';
import { type BenchHttp } from './http';
import { inFlight } from './in-flight';
import { settle } from './log-index';
import { Random } from './random';

/** Documents between two refreshes: what a busy shard takes in the second that is usual between them. */
const REFRESHED_EVERY = 10_000;
/** Bytes of a body: as small as those of log shippers, so that the documents of several writers mix. */
const BODY_BYTES = 400_000;
const DELETED_AT_ONCE = 1_000;
const QUIET_MS = 500;

/**
 * Makes a hard index of one shard: written by several clients side by side, refreshed as every second, some documents
 * deleted at random. Resolves when its merges have ended. Returns the number of documents left.
 */
export async function loadHardIndex(
  http: BenchHttp,
  index: string,
  documents: number,
  { codec, writers, deleted }: HardCase,
): Promise<number> {
  await http.json('PUT', `/${index}`, {
    settings: { number_of_shards: 1, number_of_replicas: 0, refresh_interval: '1s', codec },
    mappings: LOG_MAPPINGS,
  });
  const send = async (body: Buffer): Promise<void> => {
    const answer = await http.bytes('POST', `/${index}/_bulk?filter_path=errors`, body, 'application/x-ndjson');
    if (Buffer.from(answer).toString('utf8') !== '{"errors":false}') throw new Error(`[${index}] refused documents`);
  };
  for (let from = 0; from < documents; from += REFRESHED_EVERY) {
    const numbers = [...numbersUpTo(Math.min(REFRESHED_EVERY, documents - from))].map((number) => from + number);
    await inFlight(bulkBodies(numbers, 0, BODY_BYTES), writers, send);
    await http.json('POST', `/${index}/_refresh`);
  }
  const random = new Random(documents);
  const doomed = new Set<number>();
  while (doomed.size < documents * deleted) doomed.add(random.below(documents));
  const ids = [...doomed].map(logId);
  for (let from = 0; from < ids.length; from += DELETED_AT_ONCE) {
    const lines = ids.slice(from, from + DELETED_AT_ONCE).map((id) => `{"delete":{"_id":"${id}"}}\n`);
    await send(Buffer.from(lines.join('')));
  }
  await settle(http, index);
  await mergesEnded(http, index);
  return documents - doomed.size;
}

/** Waits until the index merges nothing, because a merge would count as the work of whoever reads meanwhile. */
async function mergesEnded(http: BenchHttp, index: string): Promise<void> {
  for (;;) {
    const { _all } = await http.json<{ _all: { total: { merges: { current: number } } } }>(
      'GET',
      `/${index}/_stats/merge`,
    );
    if (_all.total.merges.current === 0) break;
    await sleep(QUIET_MS);
  }
  await sleep(QUIET_MS);
}
