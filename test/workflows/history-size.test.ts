import { randomUUID } from 'node:crypto';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { groupEvents, snapshotEvents } from '../../bench/scale/temporal-limits';
import { type CopyGroupInput, type ShardGroup } from '../../src/contracts/jobs/copy';
import { workflowIds } from '../../src/contracts/workflow-ids';
import { type createSnapshotWorkflow } from '../../workflows';
import { repositoryOf, startEnvironment, withActivities } from './support';

const OBJECT = { key: 'k', length: 1, sha256: '0' };
const GROUPS = 20;
const SHARDS = 2;
const CHUNKS = 3;
const ROUNDS = 2;

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

test('a snapshot has no more events than the page about large clusters counts', async () => {
  const groups = Array.from({ length: GROUPS }, (_, i): ShardGroup => {
    return { first: i * SHARDS, count: SHARDS, small: false, label: `logs-${i}`, documents: 1 };
  });
  const chunks = Array.from({ length: CHUNKS }, (_, i) => ({ from: i, to: i + 1, documents: 1 }));
  const activities = {
    beginSnapshot: async () => ({
      kind: 'planned' as const,
      mayHaveCommitted: false,
      plan: OBJECT,
      groups,
      smallInViews: false,
      counts: { indices: GROUPS, shards: GROUPS * SHARDS, unchangedShards: 0, failedShards: 0 },
    }),
    planShard: async () => ({ label: 'logs', chunks, covers: [], ordered: { view: 'v', numbers: { from: 0, to: 1 } } }),
    copyChunk: async () => ({ parts: [OBJECT], documents: 1, objects: 1, bytes: 1 }),
    closeOrderedView: async () => undefined,
    keepCopied: async ({ group: { first, count } }: CopyGroupInput) => ({ first, count, copied: OBJECT }),
    openViews: async ({ from }: { from: number }) => ({
      plan: OBJECT,
      views: OBJECT,
      to: from + (GROUPS / ROUNDS) * SHARDS,
      changedShards: GROUPS * SHARDS,
      groups: groups.slice(from / SHARDS, from / SHARDS + GROUPS / ROUNDS),
      unchangedMillis: 1,
    }),
    settleGroup: async () => ({ results: OBJECT, failed: 0 }),
    commitSnapshot: async () => ({
      state: 'SUCCESS' as const,
      indices: GROUPS,
      shards: { total: GROUPS * SHARDS, failed: 0 },
      documents: 1,
      addedObjects: 1,
      addedBytes: 1,
      endMillis: 2,
    }),
  };
  const [parent, child] = await withActivities(environment, activities, async ({ taskQueue, options }) => {
    const uuid = randomUUID();
    const repository = repositoryOf(uuid);
    const request = { ignoreUnavailable: false, includeGlobalState: false, partial: false };
    const { workflow } = environment.client;
    const handle = await workflow.start<typeof createSnapshotWorkflow>('createSnapshotWorkflow', {
      workflowId: `snapshot-${uuid}`,
      taskQueue,
      args: [{ repository, snapshot: 's', uuid, startMillis: 1, request, options }],
    });
    await handle.result();
    const group = workflow.getHandle(workflowIds.snapshotGroup(repository.name, 's', uuid, 0));
    const histories = await Promise.all([handle.fetchHistory(), group.fetchHistory()]);
    return histories.map((history) => history.events?.length ?? 0);
  });
  expect(parent).toBeLessThanOrEqual(snapshotEvents(GROUPS, ROUNDS, GROUPS));
  expect(parent).toBeGreaterThan(snapshotEvents(GROUPS, ROUNDS, GROUPS) / 2);
  expect(child).toBeLessThanOrEqual(groupEvents(SHARDS, CHUNKS));
  expect(child).toBeGreaterThan(groupEvents(SHARDS, CHUNKS) / 2);
});
