/** OpenSearch's snapshot management at the front door, on real schedules of Temporal. */
import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { scheduleIds, workflowIds } from '../../src/contracts/workflow-ids';
import { type Answer, type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

jest.setTimeout(180_000);

const POLICIES = '/_plugins/_sm/policies';
const DAILY = { cron: { expression: '0 8 * * *', timezone: 'UTC' } };

describe('policies of snapshot management', () => {
  let snapkeep: RunningSnapkeep;
  let connection: Connection;
  let temporal: Client;
  const call: RunningSnapkeep['call'] = (...args) => snapkeep.call(...args);
  const ok = async (asked: Promise<Answer>, status = 200): Promise<Answer> => {
    const answer = await asked;
    if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}\n${snapkeep.output()}`);
    return answer;
  };
  const explain = async (name: string) => (await ok(call('GET', `${POLICIES}/${name}/_explain`))).json.policies[0];
  const snapshots = async () =>
    (await ok(call('GET', '/_snapshot/backups/_all'))).json.snapshots as { snapshot: string; metadata: object }[];

  const policy = {
    description: 'Daily snapshot policy',
    creation: { schedule: DAILY, time_limit: '1h' },
    deletion: {
      schedule: { cron: { expression: '0 1 * * *', timezone: 'America/Los_Angeles' } },
      condition: { max_age: '7d', max_count: 21, min_count: 7 },
      time_limit: '1h',
    },
    snapshot_config: {
      date_format: 'yyyy-MM-dd-HH:mm',
      date_format_timezone: 'America/Los_Angeles',
      indices: '*',
      repository: 'backups',
      ignore_unavailable: true,
      include_global_state: false,
      partial: true,
      metadata: { any_key: 'any_value' },
    },
  };

  beforeAll(async () => {
    snapkeep = await startSnapkeep();
    connection = await Connection.connect({ address: snapkeep.temporal.address });
    temporal = new Client({ connection });
    await ok(call('PUT', '/_snapshot/backups', { type: 'oss', settings: snapkeep.ossSettings('sm') }));
    for (let i = 0; i < 20; i++) await call('PUT', `/logs/_doc/${i}?refresh=true`, { i });
  });

  afterAll(async () => {
    await connection?.close();
    await snapkeep?.stop();
  });

  it('are created, shown, listed, changed by their version, and deleted', async () => {
    const created = (await ok(call('POST', `${POLICIES}/daily-policy`, policy), 201)).json;
    expect(created).toEqual({
      _id: 'daily-policy-sm-policy',
      _version: 1,
      _seq_no: 1,
      _primary_term: 1,
      sm_policy: {
        name: 'daily-policy',
        ...policy,
        schema_version: expect.any(Number),
        schedule: { interval: { start_time: expect.any(Number), period: 1, unit: 'Minutes' } },
        enabled: true,
        last_updated_time: expect.any(Number),
        enabled_time: expect.any(Number),
      },
    });
    expect((await ok(call('GET', `${POLICIES}/daily-policy`))).json).toEqual(created);
    const again = await call('POST', `${POLICIES}/daily-policy`, policy);
    expect([again.status, again.json.error.type]).toEqual([409, 'version_conflict_engine_exception']);

    const { _version, ...listed } = created;
    const list = async (query: string) => (await ok(call('GET', `${POLICIES}${query}`))).json;
    expect(await list('')).toEqual({ policies: [listed], total_policies: 1 });
    expect(await list('?queryString=*nothing*&sortField=sm_policy.name&sortOrder=desc&from=0&size=5')).toEqual({
      policies: [],
      total_policies: 0,
    });

    const changed = { ...policy, description: 'changed' };
    expect((await call('PUT', `${POLICIES}/daily-policy`, changed)).status).toBe(400);
    const stale = await call('PUT', `${POLICIES}/daily-policy?if_seq_no=7&if_primary_term=1`, changed);
    expect([stale.status, stale.json.error.type]).toEqual([409, 'version_conflict_engine_exception']);
    const put = await ok(call('PUT', `${POLICIES}/daily-policy?if_seq_no=1&if_primary_term=1`, changed));
    expect(put.json).toMatchObject({ _version: 2, _seq_no: 2, sm_policy: { description: 'changed' } });

    const gone = (await ok(call('DELETE', `${POLICIES}/daily-policy`))).json;
    expect(gone).toMatchObject({ _id: 'daily-policy-sm-policy', result: 'deleted' });
    const missing = await call('GET', `${POLICIES}/daily-policy`);
    expect([missing.status, missing.json.error.reason]).toEqual([404, 'Snapshot management policy not found']);
    await expect(temporal.schedule.getHandle(scheduleIds.retention('sm', 'daily-policy')).describe()).rejects.toThrow();
  });

  it('run when their schedules say in their zone, unless they are stopped', async () => {
    await ok(call('POST', `${POLICIES}/zoned`, policy), 201);
    const creation = temporal.schedule.getHandle(scheduleIds.policy('sm', 'zoned'));
    const deletion = temporal.schedule.getHandle(scheduleIds.retention('sm', 'zoned'));
    const explained = await explain('zon*');
    expect(explained).toMatchObject({ name: 'zoned', enabled: true, creation: { current_state: 'CREATION_START' } });
    expect((await creation.describe()).info.nextActionTimes[0]?.getTime()).toBe(explained.creation.trigger.time);
    expect((await deletion.describe()).info.nextActionTimes[0]?.getTime()).toBe(explained.deletion.trigger.time);
    expect((await ok(call('POST', `${POLICIES}/zoned/_stop`))).json).toEqual({ acknowledged: true });
    expect((await creation.describe()).state.paused).toBe(true);
    expect((await deletion.describe()).state.paused).toBe(true);
    expect((await explain('zoned')).enabled).toBe(false);
    await ok(call('POST', `${POLICIES}/zoned/_start`));
    expect((await creation.describe()).state.paused).toBe(false);
    expect((await call('POST', `${POLICIES}/nobody/_start`)).status).toBe(404);
    await ok(call('DELETE', `${POLICIES}/zoned`));
  });

  it('take snapshots named after them and delete the oldest of their own', async () => {
    await ok(call('PUT', '/_snapshot/backups/few-by-hand?wait_for_completion=true', { indices: 'logs' }));
    const deletion = { condition: { max_count: 2, min_count: 1 } };
    await ok(call('POST', `${POLICIES}/few`, { ...policy, deletion, snapshot_config: { repository: 'backups' } }), 201);
    const shown = (await ok(call('GET', `${POLICIES}/few`))).json.sm_policy;
    expect(shown.deletion.schedule).toEqual(DAILY);
    const names: string[] = [];
    for (let taken = 1; taken <= 3; taken++) {
      await temporal.schedule.getHandle(scheduleIds.policy('sm', 'few')).trigger();
      const found = await until(snapshots, (all) => all.length === taken + 1);
      names.push(found.at(-1)!.snapshot);
      await until(
        () => explain('few'),
        ({ creation }) => creation.latest_execution?.info.message.includes(names.at(-1)),
      );
    }
    for (const name of names) expect(name).toMatch(/^few-\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d-[a-z0-9]{8}$/);
    expect((await snapshots()).at(-1)!.metadata).toEqual({ sm_policy: 'few' });
    await temporal.schedule.getHandle(scheduleIds.retention('sm', 'few')).trigger();
    const { deletion: deleted } = await until(
      () => explain('few'),
      (one) => one.deletion.latest_execution !== undefined,
    );
    expect(deleted.latest_execution).toMatchObject({
      status: 'SUCCESS',
      info: { message: '1 snapshots have been deleted.' },
    });
    const left = (await snapshots()).map(({ snapshot }) => snapshot);
    expect(left).toEqual(['few-by-hand', ...names.slice(1)]);
  });

  it('note a snapshot that failed, and one that took longer than their time limit', async () => {
    const config = { repository: 'backups', indices: 'missing' };
    await ok(call('POST', `${POLICIES}/broken`, { creation: { schedule: DAILY }, snapshot_config: config }), 201);
    await temporal.schedule.getHandle(scheduleIds.policy('sm', 'broken')).trigger();
    const failed = await until(
      () => explain('broken'),
      ({ creation }) => creation.latest_execution !== undefined,
    );
    expect(failed.creation.latest_execution.status).toBe('FAILED');
    expect(failed.creation.latest_execution.info.cause).toContain('index_not_found_exception');
    expect(failed.deletion).toBeUndefined();

    const settings = { ...snapkeep.ossSettings('sm-slow'), max_snapshot_bytes_per_sec: '40kb' };
    await ok(call('PUT', '/_snapshot/slow', { type: 'oss', settings }));
    const noise = randomBytes(120_000).toString('base64');
    await ok(call('PUT', '/noise/_doc/1?refresh=true', { noise }), 201);
    const hasty = {
      creation: { schedule: DAILY, time_limit: '300ms' },
      snapshot_config: { repository: 'slow', indices: 'noise' },
    };
    await ok(call('POST', `${POLICIES}/hasty`, hasty), 201);
    await temporal.schedule.getHandle(scheduleIds.policy('sm', 'hasty')).trigger();
    const late = await until(
      () => explain('hasty'),
      ({ creation }) => creation.latest_execution !== undefined,
    );
    expect(late.creation.latest_execution.info.cause).toContain('exceeded the time limit');
    // The snapshot itself goes on.
    const [, name] = /Snapshot (\S+)/.exec(late.creation.latest_execution.info.message)!;
    await temporal.workflow.getHandle(workflowIds.snapshot('slow', name)).result();
    expect((await call('GET', `/_snapshot/slow/${name}`)).json.snapshots[0].state).toBe('SUCCESS');
  });

  const VALID = { creation: { schedule: DAILY }, snapshot_config: { repository: 'backups' } };
  const cron = (expression: string, timezone = 'UTC') => ({ schedule: { cron: { expression, timezone } } });

  it.each([
    ['neither part', 'p', { snapshot_config: { repository: 'backups' } }, 'either creation or deletion'],
    ['no repository', 'p', { ...VALID, snapshot_config: {} }, 'Must provide the repository'],
    ['no configuration', 'p', { creation: VALID.creation }, 'snapshot_config field must not be null'],
    ['six fields', 'p', { ...VALID, creation: cron('0 0 8 * * ?') }, 'five fields'],
    ['an unknown zone', 'p', { ...VALID, creation: cron('0 8 * * *', 'Mars/Olympus') }, 'Mars/Olympus'],
    ['an interval', 'p', { ...VALID, creation: { schedule: { interval: {} } } }, 'only [cron] is supported'],
    ['no condition', 'p', { ...VALID, deletion: {} }, 'condition must not be null'],
    ['no bound', 'p', { ...VALID, deletion: { condition: {} } }, 'max_age or max_count'],
    ['bounds that meet', 'p', { ...VALID, deletion: { condition: { max_count: 1 } } }, 'bigger than min_count'],
    ['a bad date', 'p', { ...VALID, snapshot_config: { repository: 'r', date_format: 'XYZ' } }, 'valid date format'],
    ['a notification', 'p', { ...VALID, notification: { channel: { id: 'c' } } }, '[notification] is not supported'],
    ['an unknown field', 'p', { ...VALID, snapshot_config: { repository: 'r', indexes: 'x' } }, '[indexes]'],
    ['a bad name', 'Upper', VALID, 'Policy name must be lowercase'],
  ])('with %s are refused: %s %j', async (_, name, body, reason) => {
    const { status, json } = await call('POST', `${POLICIES}/${name}`, body);
    expect({ status, type: json.error.type }).toEqual({ status: 400, type: 'illegal_argument_exception' });
    expect(json.error.reason).toContain(reason);
  });
});
