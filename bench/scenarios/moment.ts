/** Measures how far the shards of one snapshot differ while all of them are written to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { restoreSnapshot, takeSnapshot } from '../contenders/native';
import { registerRepository } from '../contenders/snapkeep';
import { type Bench, measures } from '../support/bench';
import { type BenchHttp } from '../support/http';
import { deleteIndex, loadLogIndex } from '../support/log-index';
import { SNAPKEEP } from '../support/metered';
import { PairWriter, type WrittenShard, writtenShards } from '../support/pair-writer';
import { elapsed } from '../support/statistics';

const SNAPSHOTS = ['first', 'incremental'] as const;

/** Returns how a snapshot of so many shards under writes is called in results. */
export function momentWork(label: (typeof SNAPSHOTS)[number], shards: number): string {
  return `one moment: ${label} snapshot, ${shards} shards written to`;
}
export const DELETE_BESIDE = 'delete a snapshot while another is taken';

/** Ms after which a throttled snapshot has begun and is far from its end. */
const UNDER_WAY_MS = 1_500;
const INDICES = ['moment-a', 'moment-b'];
/** Who only refreshes the shards that are written to: no view is younger than its refresh. */
export const BARE_REFRESH = 'a bare refresh';
const REFRESHES = 5;
const SMALL = 'moment-small';
/** Documents in all: a share of those of the large index. */
const SHARE = 0.25;
/** Seconds that a first snapshot takes at its throttle, and stored bytes of one document. */
const THROTTLED_SECONDS = 8;
const STORED_BYTES = { snapkeep: 80, native: 310 };

/** One side of the comparison: where snapshots are taken, and in which repository. */
interface Side {
  readonly name: string;
  readonly http: BenchHttp;
  readonly repository: string;
}

export async function measureMoment(bench: Bench): Promise<void> {
  for (const shards of bench.options.momentShards) {
    for (let round = 1; round <= bench.options.rounds; round++) await measureRound(bench, shards, round);
  }
}

async function measureRound(bench: Bench, shards: number, round: number): Promise<void> {
  const { cluster, options, results, say } = bench;
  const each = Math.max(1, Math.round(shards / INDICES.length));
  const documents = Math.max(1_000, Math.round((options.documents * SHARE) / INDICES.length));
  for (const index of INDICES) await loadLogIndex(cluster, index, documents, each);
  await loadLogIndex(cluster, SMALL, 100, 1);
  const written = await writtenShards(cluster, INDICES, each);
  const sides = await sidesOf(bench, `${each * INDICES.length}-${round}`, documents * INDICES.length);
  // One writer for all sides: its turns stay in the indices, and another one would number them anew.
  const writer = new PairWriter(cluster, written);
  try {
    await measureRefresh(bench, shards);
    for (const side of sides) {
      if (side.name === SNAPKEEP) await takeSnapshot(side.http, side.repository, 'small', SMALL);
      for (const label of SNAPSHOTS) {
        const taking = elapsed(() => takeSnapshot(side.http, side.repository, label, INDICES.join(',')));
        if (label === 'first' && side.name === SNAPKEEP) await deleteBeside(bench, side);
        const ms = await taking;
        const spreadMs = writer.spreadOf(await restoredTurns(bench, side, label, written));
        const statedSpreadMs = await statedSpread(side, label);
        const work = momentWork(label, shards);
        results.add(work, side.name, { ms, spreadMs, statedSpreadMs });
        say(`round ${round}: ${work}: ${side.name} ${spreadMs} ms apart, states ${statedSpreadMs ?? 'nothing'}`);
      }
    }
  } finally {
    await writer.stop();
  }
  await deleteIndex(cluster, [...INDICES, SMALL].join(','));
}

/** Refreshes the shards several times; the shortest of them counts, as of the views that Snapkeep opens. */
async function measureRefresh({ cluster, results }: Bench, shards: number): Promise<void> {
  let ms = Infinity;
  for (let i = 0; i < REFRESHES; i++) {
    ms = Math.min(ms, await elapsed(() => cluster.json('POST', `/${INDICES.join(',')}/_refresh`)));
  }
  for (const label of SNAPSHOTS) results.add(momentWork(label, shards), BARE_REFRESH, { ms, spreadMs: ms });
}

/** Registers a throttled repository on each side. */
async function sidesOf({ cluster, door, snapkeep, engine, ...bench }: Bench, id: string, documents: number) {
  const throttle = (bytes: number) => ({
    max_snapshot_bytes_per_sec: `${Math.round((documents * bytes) / THROTTLED_SECONDS)}b`,
  });
  const sides: Side[] = [];
  if (door !== undefined) {
    const repository = `moment-${id}`;
    await registerRepository(door, snapkeep!.ossEndpoint, repository, throttle(STORED_BYTES.snapkeep));
    sides.push({ name: SNAPKEEP, http: door, repository });
  }
  if (measures({ cluster, engine, ...bench }, 'native')) {
    const repository = `moment-native-${id}`;
    const settings = { location: `${engine.pathRepo}/${repository}`, ...throttle(STORED_BYTES.native) };
    await cluster.json('PUT', `/_snapshot/${repository}`, { type: 'fs', settings });
    sides.push({ name: 'native', http: cluster, repository });
  }
  return sides;
}

/** Deletes another snapshot once the first one is under way. */
async function deleteBeside({ results }: Bench, { http, repository, name }: Side): Promise<void> {
  await sleep(UNDER_WAY_MS);
  const path = `/_snapshot/${repository}/small?wait_for_completion=false`;
  results.add(DELETE_BESIDE, name, { ms: await elapsed(() => http.json('DELETE', path)) });
}

/** Restores the snapshot and returns the greatest turn of every shard. */
async function restoredTurns(
  { cluster }: Bench,
  { http, repository }: Side,
  label: string,
  written: readonly WrittenShard[],
): Promise<number[]> {
  const target = 'restored-$1';
  await restoreSnapshot(http, repository, label, { index: INDICES.join(','), target, pattern: '(.+)' });
  const turns: number[] = [];
  for (const { index, shard } of written) {
    const { aggregations } = await cluster.json<{ aggregations: { turn: { value: number | null } } }>(
      'POST',
      `/restored-${index}/_search?preference=_shards:${shard}`,
      { size: 0, aggs: { turn: { max: { field: 'turn' } } } },
    );
    turns.push(aggregations.turn.value ?? 0);
  }
  await deleteIndex(cluster, INDICES.map((index) => `restored-${index}`).join(','));
  return turns;
}

/** Returns what the snapshot says of itself; undefined for native ones, and where the route is missing. */
async function statedSpread({ name, http, repository }: Side, label: string): Promise<number | undefined> {
  if (name !== SNAPKEEP) return undefined;
  const path = `/_snapkeep/snapshots/${repository}/${label}`;
  const told = await http.jsonIfThere<{ moment?: { spread_in_millis?: number } }>('GET', path);
  return told?.moment?.spread_in_millis;
}
