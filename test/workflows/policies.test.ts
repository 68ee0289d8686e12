import { randomUUID } from 'node:crypto';
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { type NewPolicy, policiesIn, type Policy, type WriteSchedules } from '../../src/contracts/jobs/policy';
import {
  deletePolicyUpdate,
  putPolicyUpdate,
  retentionEndedSignal,
  runEndedSignal,
  runSlmUpdate,
} from '../../src/contracts/jobs/workflow-messages';
import { type policiesWorkflow } from '../../workflows';
import { until } from '../support/running-snapkeep';
import { type FakeActivities, startEnvironment, withActivities } from './support';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

const POLICY: NewPolicy = {
  kind: 'slm',
  id: 'p',
  shown: '{"name":"n"}',
  repository: 'r',
  snapshotName: 'n',
  request: { ignoreUnavailable: false, includeGlobalState: true, partial: false },
  takes: { everyMs: 3_600_000, from: 0 },
  enabled: true,
};

type Handle = WorkflowHandle<typeof policiesWorkflow>;

async function run(activities: FakeActivities, work: (handle: Handle) => Promise<void>): Promise<void> {
  await withActivities(environment, activities, async ({ taskQueue }) => {
    const workflowId = `policies-${randomUUID()}`;
    const args: [{ seqNo: number }] = [{ seqNo: 0 }];
    const handle = await environment.client.workflow.start<typeof policiesWorkflow>('policiesWorkflow', {
      workflowId,
      taskQueue,
      args,
    });
    await work(handle);
    await handle.terminate();
  });
}

const kept = async (handle: Handle): Promise<Policy[]> => policiesIn((await handle.describe()).memo);
const put = (handle: Handle, policy: Partial<NewPolicy> = {}) =>
  handle.executeUpdate(putPolicyUpdate, { args: [{ policy: { ...POLICY, ...policy } }] });

it('keeps nothing of a change whose schedules could not be written', async () => {
  let broken = true;
  const activities: FakeActivities = {
    writeSchedules: async () => {
      if (broken) throw ApplicationFailure.nonRetryable('no', 'temporal_unavailable');
    },
  };
  await run(activities, async (handle) => {
    await expect(put(handle)).rejects.toMatchObject({ cause: { type: 'temporal_unavailable' } });
    expect(await kept(handle)).toEqual([]);
    broken = false;
    const first = await put(handle);
    broken = true;
    await expect(put(handle, { shown: '{"name":"other"}' })).rejects.toThrow();
    expect(await kept(handle)).toEqual([first]);
  });
});

it('notes what came of runs while a change is being made, and does not count an equal policy as one', async () => {
  let handle: Handle;
  const run1 = { snapshot: 's', startMillis: 1, endMillis: 2 };
  const activities: FakeActivities = {
    writeSchedules: async () => handle.signal(runEndedSignal, { kind: 'slm', id: 'p', run: run1 }),
  };
  await run(activities, async (started) => {
    handle = started;
    expect(await put(handle)).toMatchObject({ version: 1 });
    expect(await put(handle)).toMatchObject({ version: 1 });
    expect(await put(handle, { shown: '{"name":"other"}' })).toMatchObject({ version: 2 });
    await handle.signal(runEndedSignal, { kind: 'slm', id: 'p', run: { snapshot: 't', endMillis: 3, details: 'why' } });
    await handle.signal(runEndedSignal, { kind: 'slm', id: 'gone', run: run1 });
    const policies = [{ id: 'p', deleted: 4, failures: 1, failure: 'why' }];
    await handle.signal(retentionEndedSignal, { kind: 'slm', startMillis: 10, endMillis: 15, policies });
    const [policy] = await until(
      () => kept(handle),
      ([one]) => one?.counts.deleted === 4,
    );
    expect(policy).toMatchObject({
      lastSuccess: run1,
      lastFailure: { snapshot: 't', details: 'why' },
      failuresSinceSuccess: 1,
      lastRetention: { deleted: 4, failure: 'why' },
      counts: { taken: 3, failed: 1, deleted: 4, deletionFailures: 1 },
    });
    expect((await handle.describe()).memo).toMatchObject({ slm: { retention: { runs: 1, failed: 1, timeMs: 5 } } });
  });
});

it('changes one policy after the other, and stops and deletes their schedules', async () => {
  const written: WriteSchedules[] = [];
  const deleted: string[] = [];
  let writing = 0;
  const activities: FakeActivities = {
    writeSchedules: async (call) => {
      expect(++writing).toBe(1);
      written.push(call);
      await new Promise((resolve) => setTimeout(resolve, 100));
      writing--;
    },
    deleteSchedules: async ({ id }) => void deleted.push(id),
  };
  await run(activities, async (handle) => {
    await Promise.all(['a', 'b', 'c'].map((id) => put(handle, { id })));
    await handle.executeUpdate(runSlmUpdate, { args: [{ running: false }] });
    expect(written.at(-1)).toMatchObject({ slm: { running: false }, setPaused: true });
    expect(
      written
        .at(-1)!
        .policies.map(({ id }) => id)
        .sort(),
    ).toEqual(['a', 'b', 'c']);
    await handle.executeUpdate(deletePolicyUpdate, { args: [{ kind: 'slm', id: 'b' }] });
    await handle.executeUpdate(deletePolicyUpdate, { args: [{ kind: 'slm', id: 'b' }] });
    expect(deleted).toEqual(['b']);
    const left = await kept(handle);
    expect(left.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(new Set(left.map(({ seqNo }) => seqNo)).size).toBe(2);
  });
});

it('continues as new after many changes, with all that it keeps', async () => {
  await run({ writeSchedules: async () => undefined }, async (handle) => {
    const { runId } = await handle.describe();
    await put(handle);
    const before = await kept(handle);
    // A policy that is not there: nothing is written for it.
    const nothing = () =>
      handle.executeUpdate(deletePolicyUpdate, { args: [{ kind: 'slm', id: 'gone' }] }).catch(() => undefined);
    for (let done = 0; done < 1_000; done += 8) await Promise.all(Array.from({ length: 8 }, nothing));
    await until(
      async () => (await handle.describe()).runId,
      (current) => current !== runId,
    );
    expect(await kept(handle)).toEqual(before);
    expect(await put(handle, { shown: '{"name":"other"}' })).toMatchObject({ version: 2, seqNo: 2 });
  });
}, 120_000);

it('refuses more than it can keep, naming the limit', async () => {
  await run({ writeSchedules: async () => undefined }, async (handle) => {
    await expect(put(handle, { shown: `{"name":"${'x'.repeat(40_000)}"}` })).rejects.toMatchObject({
      cause: { type: 'illegal_argument_exception', message: expect.stringContaining('at most [32768]') },
    });
    expect(await kept(handle)).toEqual([]);
  });
});
