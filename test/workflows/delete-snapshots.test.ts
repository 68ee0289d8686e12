import { randomUUID } from 'node:crypto';
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { acceptedUpdate, sweptSignal } from '../../src/contracts/jobs/workflow-messages';
import { isStopped } from '../../src/jobs/temporal/temporal-failures';
import { type deleteSnapshotsWorkflow } from '../../workflows';
import { type FakeActivities, repositoryOf, startEnvironment, untilCancelled, withActivities } from './support';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

async function run(
  activities: FakeActivities,
  work: (handle: WorkflowHandle<typeof deleteSnapshotsWorkflow>) => Promise<void>,
): Promise<void> {
  await withActivities(environment, activities, async ({ taskQueue, options }) => {
    const place = randomUUID();
    const input = { repository: repositoryOf(place), snapshots: [{ name: 's', uuid: 'u' }], options };
    const handle = await environment.client.workflow.start<typeof deleteSnapshotsWorkflow>('deleteSnapshotsWorkflow', {
      workflowId: `delete-${place}`,
      taskQueue,
      args: [input],
    });
    await work(handle);
  });
}

it('answers its caller before the sweep, and ends with it', async () => {
  const calls: string[] = [];
  const activities: FakeActivities = {
    removeSnapshots: async () => void calls.push('remove'),
    requestSweep: async () => void calls.push('sweep'),
  };
  await run(activities, async (handle) => {
    await handle.executeUpdate(acceptedUpdate);
    await handle.signal(sweptSignal, { swept: true });
    expect(await handle.result()).toEqual({ snapshots: 1, swept: true });
    expect(calls).toEqual(['remove', 'sweep']);
  });
});

it('asks for the sweep although the removal failed, and throws its failure to the caller', async () => {
  let sweeps = 0;
  const activities: FakeActivities = {
    removeSnapshots: () => Promise.reject(ApplicationFailure.nonRetryable('no', 'store_access_denied')),
    requestSweep: async () => void sweeps++,
  };
  await run(activities, async (handle) => {
    await expect(handle.executeUpdate(acceptedUpdate)).rejects.toMatchObject({
      cause: { type: 'store_access_denied' },
    });
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'store_access_denied' } });
    expect(sweeps).toBe(1);
  });
});

it('asks for the sweep although it was cancelled, and ends as cancelled', async () => {
  let removals = 0;
  let sweeps = 0;
  const activities: FakeActivities = {
    removeSnapshots: async () => {
      removals++;
      await untilCancelled();
    },
    requestSweep: async () => void sweeps++,
  };
  await run(activities, async (handle) => {
    while (removals === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await handle.cancel();
    expect(isStopped(await handle.result().catch((error: unknown) => error))).toBe(true);
    expect(sweeps).toBe(1);
  });
});
