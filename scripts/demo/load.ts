import { count, millis, say } from './console';
import { cities, CREDIT, regions } from './data-set';
import { bulkLines, type DemoDocument } from './documents';
import { type FrontDoor } from './front-door';
import { type Amount, startProgress } from './progress';
import { TRICKY } from './tricky';

export const INDICES = ['cities', 'regions', 'tricky'] as const;

const SHARDS: Record<(typeof INDICES)[number], number> = { cities: 6, regions: 2, tricky: 1 };
const DOCUMENTS_A_REQUEST = 5_000;
const REQUESTS_AT_ONCE = 3;

/** Creates the indices and fills them through the front door. Returns the documents that were sent. */
export async function load(door: FrontDoor): Promise<DemoDocument[]> {
  const keyword = { type: 'keyword' };
  for (const index of INDICES) {
    const properties = index === 'tricky' ? {} : { name: { type: 'text' }, country: keyword, code: keyword };
    await door.call('PUT', `/${index}`, {
      settings: { number_of_shards: SHARDS[index], number_of_replicas: 0 },
      mappings: { properties },
    });
  }
  const documents = [...cities(), ...regions(), ...TRICKY];
  say(`\n  ${CREDIT}\n  ${count(documents.length)} documents, ${DOCUMENTS_A_REQUEST} to a request:`);
  say(`  $ curl '${door.url}/_bulk' -H 'content-type: application/x-ndjson' --data-binary @cities-1.ndjson`);
  const start = Date.now();
  const progress = startProgress(count);
  const totals = countByIndex(documents);
  const sent = new Map<string, number>(INDICES.map((index) => [index, 0]));
  await sendBulk(door, documents, bulkLines, (some) => {
    for (const { index } of some) sent.set(index, sent.get(index)! + 1);
    const amounts = [...sent].map(([index, done]): [string, Amount] => [index, { done, total: totals.get(index)! }]);
    progress.show(new Map(amounts));
  });
  await door.call('POST', '/_refresh', undefined, { show: false });
  progress.end(true);
  say(`  loaded in ${millis(Date.now() - start)}`);
  return documents;
}

/** Sends `_bulk` requests, some concurrently; calls `onSent` with the documents of each. */
export async function sendBulk(
  door: FrontDoor,
  documents: readonly DemoDocument[],
  lines: (document: DemoDocument) => Buffer,
  onSent: (documents: readonly DemoDocument[]) => void = () => undefined,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < documents.length) {
      const some = documents.slice(next, (next += DOCUMENTS_A_REQUEST));
      await door.bulk(Buffer.concat(some.map(lines)));
      onSent(some);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, lane));
}

function countByIndex(documents: readonly DemoDocument[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { index } of documents) totals.set(index, (totals.get(index) ?? 0) + 1);
  return totals;
}
