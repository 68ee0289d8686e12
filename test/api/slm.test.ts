/** Elasticsearch's snapshot lifecycle management at the front door, on real schedules of Temporal. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { scheduleIds } from '../../src/contracts/workflow-ids';
import { type Answer, type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

jest.setTimeout(180_000);

describe('snapshot lifecycle policies', () => {
  let snapkeep: RunningSnapkeep;
  let connection: Connection;
  let temporal: Client;
  const call: RunningSnapkeep['call'] = (...args) => snapkeep.call(...args);
  const ok = async (asked: Promise<Answer>): Promise<Answer> => {
    const answer = await asked;
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}\n${snapkeep.output()}`);
    return answer;
  };
  /** Returns a policy as a GET shows it. */
  const show = async (id: string) => (await ok(call('GET', `/_slm/policy/${id}`))).json[id];
  /** Returns the snapshots of a policy, the oldest first. */
  const snapshotsOf = async (id: string, repository = 'my_backup') =>
    (await ok(call('GET', `/_snapshot/${repository}/_all?slm_policy_filter=${id}`))).json.snapshots as {
      snapshot: string;
      state: string;
      metadata: object;
      start_time_in_millis: number;
      end_time_in_millis: number;
    }[];

  beforeAll(async () => {
    snapkeep = await startSnapkeep({ env: { SNAPKEEP_SLM_MINIMUM_INTERVAL: '1s' } });
    connection = await Connection.connect({ address: snapkeep.temporal.address });
    temporal = new Client({ connection });
    await ok(call('PUT', '/_snapshot/my_backup', { type: 'oss', settings: snapkeep.ossSettings('slm') }));
    for (let i = 0; i < 20; i++) await call('PUT', `/logs/_doc/${i}?refresh=true`, { i });
  });

  afterAll(async () => {
    await connection?.close();
    await snapkeep?.stop();
  });

  it('of the published guide is created, executed and shown, word for word', async () => {
    const policy = {
      schedule: '0 0 0/12 * * ?',
      name: '<auto-snap-{now/d}>',
      repository: 'my_backup',
      config: { indices: ['*'], ignore_unavailable: true, include_global_state: false },
      retention: { expire_after: '30d', min_count: 5, max_count: 50 },
    };
    const put = await ok(call('PUT', '/_slm/policy/auto-snapshots', policy));
    expect(put.json).toEqual({ acknowledged: true });
    const executed = await ok(call('POST', '/_slm/policy/auto-snapshots/_execute'));
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '.');
    expect(executed.json.snapshot_name).toMatch(new RegExp(`^auto-snap-${day}-[a-z0-9_-]{22}$`));

    // As with a PUT of a snapshot, lists show it at once.
    const listed = await ok(call('GET', `/_snapshot/my_backup/${executed.json.snapshot_name}`));
    expect(listed.json.snapshots[0].metadata).toEqual({ policy: 'auto-snapshots' });
    const shown = await until(
      () => show('auto-snapshots'),
      ({ last_success }) => last_success !== undefined,
    );
    const noon = 12 * 3_600_000;
    expect(shown).toEqual({
      version: 1,
      modified_date_millis: expect.any(Number),
      policy,
      last_success: {
        snapshot_name: executed.json.snapshot_name,
        start_time: expect.any(Number),
        time: expect.any(Number),
      },
      next_execution_millis: Math.floor(Date.now() / noon) * noon + noon,
      stats: {
        policy: 'auto-snapshots',
        snapshots_taken: 1,
        snapshots_failed: 0,
        snapshots_deleted: 0,
        snapshot_deletion_failures: 0,
      },
    });
    expect(await snapshotsOf('auto-snapshots')).toHaveLength(1);
    expect(await snapshotsOf('_none')).toHaveLength(0);
    const [human] = Object.values((await ok(call('GET', '/_slm/policy?human'))).json) as Record<string, any>[]; // eslint-disable-line @typescript-eslint/no-explicit-any
    expect(human.modified_date).toBe(new Date(human.modified_date_millis).toISOString());
    expect(human.last_success.time_string).toBe(new Date(human.last_success.time).toISOString());
  });

  it('have a schedule in Temporal that runs when the policy says, and one for what they do not keep', async () => {
    const policy = {
      schedule: '0 30 6 LW * ? 2030-2040',
      name: 'x',
      repository: 'my_backup',
      retention: { max_count: 1 },
    };
    await ok(call('PUT', '/_slm/policy/monthly', policy));
    const { spec, info, policies } = await temporal.schedule.getHandle(scheduleIds.policy('slm', 'monthly')).describe();
    expect(spec.calendars?.length).toBeGreaterThan(3);
    expect(info.nextActionTimes[0]?.getTime()).toBe((await show('monthly')).next_execution_millis);
    expect(info.nextActionTimes[0]?.toISOString()).toBe('2030-01-31T06:30:00.000Z');
    // The weekday nearest to the end of March 2030, a Sunday.
    expect(info.nextActionTimes[2]?.toISOString()).toBe('2030-03-29T06:30:00.000Z');
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 365 * 86_400_000 });
    const retention = await temporal.schedule.getHandle(scheduleIds.retention('slm')).describe();
    expect(retention.info.nextActionTimes[0]?.toISOString()).toMatch(/T01:30:00.000Z$/);
    await ok(call('PUT', '/_slm/policy/monthly', { ...policy, schedule: '30m' }));
    const changed = await temporal.schedule.getHandle(scheduleIds.policy('slm', 'monthly')).describe();
    const shown = await show('monthly');
    expect(shown.version).toBe(2);
    expect(changed.info.nextActionTimes[0]?.getTime()).toBe(shown.next_execution_millis);
    await ok(call('DELETE', '/_slm/policy/monthly'));
    await expect(temporal.schedule.getHandle(scheduleIds.policy('slm', 'monthly')).describe()).rejects.toThrow();
    expect((await call('DELETE', '/_slm/policy/monthly')).status).toBe(404);
  });

  it('run by their schedules, one snapshot at a time, until they are stopped', async () => {
    await ok(
      call('PUT', '/_slm/policy/often', {
        schedule: '*/1 * * * * ?',
        name: '<often-{now/d}>',
        repository: 'my_backup',
      }),
    );
    await until(
      () => snapshotsOf('often'),
      (found) => found.length >= 3,
    );
    expect((await ok(call('POST', '/_slm/stop'))).json).toEqual({ acknowledged: true });
    expect((await ok(call('GET', '/_slm/status'))).json).toEqual({ operation_mode: 'STOPPED' });
    const { indicators } = (await ok(call('GET', '/_health_report/slm'))).json;
    expect(indicators.slm).toMatchObject({ status: 'yellow', details: { slm_status: 'STOPPED', policies: 2 } });
    // A run that its schedule began just before is not in progress at once.
    await sleep(1_500);
    await until(
      () => show('often'),
      ({ in_progress }) => in_progress === undefined,
    );
    const stopped = await snapshotsOf('often');
    for (const [i, { state, start_time_in_millis }] of stopped.entries()) {
      expect(state).toBe('SUCCESS');
      if (i > 0) expect(start_time_in_millis).toBeGreaterThanOrEqual(stopped[i - 1]!.end_time_in_millis);
    }
    await sleep(2_500);
    expect(await snapshotsOf('often')).toHaveLength(stopped.length);
    await ok(call('POST', '/_slm/start'));
    await until(
      () => snapshotsOf('often'),
      (found) => found.length > stopped.length,
    );
    expect((await ok(call('GET', '/_slm/status'))).json).toEqual({ operation_mode: 'RUNNING' });
    const health = (await ok(call('GET', '/_health_report/slm?verbose=false'))).json;
    expect(health.indicators.slm).toEqual({ status: 'green', symptom: 'Snapshot Lifecycle Management is running' });
    await ok(call('DELETE', '/_slm/policy/often'));
    const { json } = await ok(call('GET', '/_slm/stats'));
    expect(json.policy_stats.map(({ policy }: { policy: string }) => policy)).toEqual(['auto-snapshots']);
  });

  it('delete what they do not keep, and nothing else', async () => {
    await ok(call('PUT', '/_snapshot/my_backup/by-hand?wait_for_completion=true', { indices: 'logs' }));
    const retention = { max_count: 2 };
    await ok(call('PUT', '/_slm/policy/few', { schedule: '1h', name: 'few', repository: 'my_backup', retention }));
    const names: string[] = [];
    for (let taken = 1; taken <= 4; taken++) {
      names.push((await ok(call('POST', '/_slm/policy/few/_execute'))).json.snapshot_name);
      await until(
        () => show('few'),
        ({ stats }) => stats.snapshots_taken === taken,
      );
    }
    const others = (await snapshotsOf('auto-snapshots')).length;
    expect((await ok(call('POST', '/_slm/_execute_retention'))).json).toEqual({ acknowledged: true });
    const shown = await until(
      () => show('few'),
      ({ stats }) => stats.snapshots_deleted > 0,
    );
    expect(shown.stats).toMatchObject({ snapshots_taken: 4, snapshots_deleted: 2, snapshot_deletion_failures: 0 });
    expect((await snapshotsOf('few')).map(({ snapshot }) => snapshot)).toEqual(names.slice(2));
    expect(await snapshotsOf('auto-snapshots')).toHaveLength(others);
    expect((await call('GET', '/_snapshot/my_backup/by-hand')).status).toBe(200);
    const { json } = await ok(call('GET', '/_slm/stats'));
    expect(json).toMatchObject({ retention_runs: 1, retention_failed: 0, total_snapshots_deleted: 2 });
  });

  it('make up for a run that they missed while Temporal was away', async () => {
    const due = new Date(Date.now() + 2_500);
    const [second, minute, hour] = [due.getUTCSeconds(), due.getUTCMinutes(), due.getUTCHours()];
    const schedule = `${second} ${minute} ${hour} ${due.getUTCDate()} ${due.getUTCMonth() + 1} ? ${due.getUTCFullYear()}`;
    await ok(call('PUT', '/_slm/policy/once', { schedule, name: 'once', repository: 'my_backup' }));
    expect(Date.now()).toBeLessThan(Math.floor(due.getTime() / 1000) * 1000);
    snapkeep.freezeTemporal();
    await sleep(4_000);
    snapkeep.thawTemporal();
    await until(
      () => show('once'),
      ({ stats }) => stats.snapshots_taken === 1,
    );
    expect((await show('once')).next_execution_millis).toBe(-1);
    await ok(call('DELETE', '/_slm/policy/once'));
  });

  it('note a snapshot that failed, with the reason', async () => {
    await ok(
      call('PUT', '/_slm/policy/broken', {
        schedule: '1h',
        name: 'b',
        repository: 'my_backup',
        config: { indices: 'missing' },
      }),
    );
    const { json } = await ok(call('POST', '/_slm/policy/broken/_execute'));
    const { last_failure, last_success, stats } = await until(
      () => show('broken'),
      (one) => one.last_failure !== undefined,
    );
    expect(last_failure.snapshot_name).toBe(json.snapshot_name);
    expect(JSON.parse(last_failure.details)).toMatchObject({ type: 'index_not_found_exception' });
    expect(last_success).toBeUndefined();
    expect(stats).toMatchObject({ snapshots_taken: 0, snapshots_failed: 1 });
    await ok(call('DELETE', '/_slm/policy/broken'));
  });

  it('and their schedules outlive the worker and the workflow that keeps them', async () => {
    const before = await show('auto-snapshots');
    await temporal.workflow.getHandle('policies').terminate('a test');
    await snapkeep.killWorker();
    expect(await show('auto-snapshots')).toEqual(before);
    await snapkeep.startWorker();
    await snapkeep.ready();
    await ok(call('PUT', '/_slm/policy/later', { schedule: '1h', name: 'later', repository: 'my_backup' }));
    expect(await show('auto-snapshots')).toEqual(before);
    await ok(call('DELETE', '/_slm/policy/later'));
  });

  const VALID = { schedule: '1h', name: 'n', repository: 'my_backup' };

  it.each([
    [
      'an unknown repository',
      'p',
      { ...VALID, repository: 'gone' },
      'illegal_argument_exception',
      'no such repository [gone]',
    ],
    ['no name', 'p', { schedule: '1h', repository: 'my_backup' }, 'illegal_argument_exception', 'Required [name]'],
    [
      'a bad cron',
      'p',
      { ...VALID, schedule: '0 0 * *' },
      'action_request_validation_exception',
      'must be a valid cron expression or time unit',
    ],
    [
      'a schedule that is too frequent',
      'p',
      { ...VALID, schedule: '0ms' },
      'action_request_validation_exception',
      'at least 1 millisecond',
    ],
    [
      'a bad name',
      'p',
      { ...VALID, name: 'Upper' },
      'action_request_validation_exception',
      'invalid snapshot name [Upper]: must be lowercase',
    ],
    ['a bad id', '_p', VALID, 'action_request_validation_exception', `must not start with '_'`],
    [
      'a reserved metadata field',
      'p',
      { ...VALID, config: { metadata: { policy: 'x' } } },
      'action_request_validation_exception',
      'reserved',
    ],
    [
      'an unknown field of the configuration',
      'p',
      { ...VALID, config: { indexes: 'x' } },
      'illegal_argument_exception',
      '[indexes]',
    ],
    [
      'a minimum above the maximum',
      'p',
      { ...VALID, retention: { min_count: 3, max_count: 2 } },
      'illegal_argument_exception',
      'minimum snapshot count 3 cannot be larger',
    ],
    [
      'a count of none',
      'p',
      { ...VALID, retention: { max_count: 0 } },
      'illegal_argument_exception',
      'maximum snapshot count must be at least 1, but was: 0',
    ],
    [
      'a time without a unit',
      'p',
      { ...VALID, retention: { expire_after: '30' } },
      'illegal_argument_exception',
      '[expire_after]',
    ],
  ])('with %s are refused: %s %j', async (_, id, body, type, reason) => {
    const { status, json } = await call('PUT', `/_slm/policy/${id}`, body);
    expect({ status, type: json.error.type }).toEqual({ status: 400, type });
    expect(json.error.reason).toContain(reason);
    expect((await call('GET', `/_slm/policy/${id}`)).status).toBe(404);
  });

  it('that are missing are answered as in Elasticsearch, and nothing below _slm reaches the cluster', async () => {
    const missing = await call('GET', '/_slm/policy/a,b');
    expect(missing.json.error).toMatchObject({
      type: 'resource_not_found_exception',
      reason: 'snapshot lifecycle policy or policies [a, b] not found',
    });
    expect((await call('POST', '/_slm/policy/a/_execute')).json.error).toMatchObject({
      type: 'illegal_argument_exception',
      reason: 'no such snapshot lifecycle policy [a]',
    });
    expect((await call('POST', '/_slm/other')).json).toEqual({
      error: 'no handler found for uri [/_slm/other] and method [POST]',
    });
  });
});
