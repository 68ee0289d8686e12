/** Measures a repository with many snapshots: deletes one, lists them, asks for their status. */
import { takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type Bench } from '../support/bench';
import { type BenchHttp } from '../support/http';
import { deleteIndex, loadLogIndex } from '../support/log-index';
import { SNAPKEEP } from '../support/metered';
import { elapsed } from '../support/statistics';

export const MANY_WORK = {
  few: 'delete one of 10 snapshots',
  many: 'delete one of many snapshots',
  list: 'list many snapshots',
  status: 'status of one of many snapshots',
} as const;

const INDEX = 'many';
const FEW = 10;
const DELETES = 5;
const REQUESTS = 100;
const SAID_EVERY = 100;

export async function measureMany({ cluster, door, snapkeep, options, results, say }: Bench): Promise<void> {
  if (door === undefined) return;
  await loadLogIndex(cluster, INDEX, 1_000, 2);
  for (const name of ['few', 'many']) await registerRepository(door, snapkeep!.ossEndpoint, name);
  // Snapshots that will be deleted are made in addition, so that each delete finds the stated number.
  await fill(door, 'few', FEW + DELETES, say);
  await fill(door, 'many', options.snapshots + DELETES, say);
  for (let i = 0; i < DELETES; i++) {
    for (const [work, repository, count] of [
      [MANY_WORK.few, 'few', FEW],
      [MANY_WORK.many, 'many', options.snapshots],
    ] as const) {
      // From the middle, because that one has neighbours on both sides.
      const name = nameOf((count >> 1) + i);
      results.add(work, SNAPKEEP, { ms: await elapsed(() => door.json('DELETE', `/_snapshot/${repository}/${name}`)) });
    }
  }
  for (let i = 0; i < REQUESTS; i++) {
    results.add(MANY_WORK.list, SNAPKEEP, { ms: await elapsed(() => door.bytes('GET', '/_snapshot/many/_all')) });
    // Of the first half, because the deleted ones were in the middle.
    const status = `/_snapshot/many/${nameOf(i % Math.max(1, options.snapshots >> 1))}/_status`;
    results.add(MANY_WORK.status, SNAPKEEP, { ms: await elapsed(() => door.bytes('GET', status)) });
  }
  await deleteIndex(cluster, INDEX);
}

async function fill(door: BenchHttp, repository: string, count: number, say: (line: string) => void): Promise<void> {
  for (let i = 0; i < count; i++) {
    await takeSnapshot(door, repository, nameOf(i), INDEX);
    if ((i + 1) % SAID_EVERY === 0) say(`${i + 1} snapshots in [${repository}]`);
  }
}

function nameOf(i: number): string {
  return `snapshot-${String(i).padStart(5, '0')}`;
}
