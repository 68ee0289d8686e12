import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningSnapkeep, startSnapkeep } from '../support/running-snapkeep';

const SHARDS = 8;
const STAGES = ['INIT', 'STARTED', 'FINALIZE', 'DONE'];

let snapkeep: RunningSnapkeep;
beforeAll(async () => {
  snapkeep = await startSnapkeep();
}, 120_000);
afterAll(() => snapkeep?.stop());

it('a throttled group of small shards shows each shard in its stage, and bytes that grow', async () => {
  const { call } = snapkeep;
  const settings = { ...snapkeep.ossSettings('small'), max_snapshot_bytes_per_sec: '60kb' };
  await call('PUT', '/_snapshot/small', { type: 'oss', settings });
  await call('PUT', '/many', { settings: { number_of_shards: SHARDS, number_of_replicas: 0 } });
  const lines = Array.from(
    { length: 400 },
    (_, i) => `{"index":{"_id":"${i}"}}\n{"noise":"${randomBytes(900).toString('base64')}"}\n`,
  );
  const written = await call('POST', '/many/_bulk?refresh=true', lines.join(''), {
    'content-type': 'application/x-ndjson',
  });
  expect(written.json).toMatchObject({ errors: false });
  await call('PUT', '/_snapshot/small/one', { indices: 'many' });

  const stages = Array.from({ length: SHARDS }, () => ['INIT']);
  const bytes = [0];
  for (const deadline = Date.now() + 90_000; Date.now() < deadline; await sleep(100)) {
    const { json, status } = await call('GET', '/_snapshot/small/one/_status');
    if (status !== 200) continue;
    const [snapshot] = json.snapshots;
    for (const [shard, one] of Object.entries<{ stage: string }>(snapshot.indices.many?.shards ?? {})) {
      if (stages[Number(shard)].at(-1) !== one.stage) stages[Number(shard)].push(one.stage);
    }
    const now: number = snapshot.stats.processed?.size_in_bytes ?? bytes[bytes.length - 1];
    if (now !== bytes.at(-1)) bytes.push(now);
    if (snapshot.state === 'SUCCESS') break;
  }
  for (const seen of stages) {
    expect(seen.at(-1)).toBe('DONE');
    expect(seen.map((stage) => STAGES.indexOf(stage))).toEqual(
      seen.map((stage) => STAGES.indexOf(stage)).sort((a, b) => a - b),
    );
  }
  // Four shards at once: the others had to wait, and were seen waiting, then working.
  expect(stages.filter((seen) => seen.includes('STARTED')).length).toBeGreaterThan(2);
  // Those that work at once may end at once: nothing, some, all.
  expect(bytes.length).toBeGreaterThan(2);
  expect([...bytes].sort((a, b) => a - b)).toEqual(bytes);
}, 150_000);
