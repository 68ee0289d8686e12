import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { type ChunkResult, type CopiedShard, type OrderedCopy, type ShardPlan } from '../../src/contracts/jobs/copy';
import { type ObjectRef } from '../../src/contracts/stored';
import { type copyShardGroupWorkflow } from '../../workflows/copy-shard-group';
import {
  type FakeActivities,
  keepHistory,
  repositoryOf,
  startEnvironment,
  untilCancelled,
  withActivities,
} from './support';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

const note = (name: string): ObjectRef => ({ key: name, length: 1, sha256: '0' });
const copiedOf = (key: string, viewLost?: true): ChunkResult => ({
  parts: [note(key)],
  documents: 1,
  objects: 1,
  bytes: 10,
  ...(viewLost === undefined ? {} : { viewLost }),
});

/** A plan of two chunks in document order. */
function orderedPlan(view: string, more: Partial<ShardPlan> = {}): ShardPlan {
  const ordered: OrderedCopy = { view, numbers: { from: 0, to: 100 } };
  const chunks = [0, 50].map((from) => ({ from, to: from + 50, documents: 50, ordered: true as const }));
  return { label: 'logs[0]', chunks, covers: [ordered.numbers], ordered, ...more };
}

/** Runs the workflow for one large shard, and returns what it kept and which views were closed. */
async function copyGroup(
  activities: FakeActivities,
  work: (handle: { result(): Promise<unknown>; cancel(): Promise<unknown> }) => Promise<unknown> = (handle) =>
    handle.result(),
  history?: string,
) {
  const kept: CopiedShard[] = [];
  const closed: string[] = [];
  const served: FakeActivities = {
    closeOrderedView: async ({ view }) => void closed.push(view),
    keepCopied: async ({ copied }) => {
      kept.push(...copied);
      return { first: 0, count: 1, copied: note('copied') };
    },
    ...activities,
  };
  const failure = await withActivities(environment, served, async ({ taskQueue, options }) => {
    const uuid = randomUUID();
    const group = { first: 0, count: 1, small: false, label: 'logs[0]', documents: 100 };
    const repository = repositoryOf(uuid);
    const handle = await environment.client.workflow.start<typeof copyShardGroupWorkflow>('copyShardGroupWorkflow', {
      workflowId: `group-${uuid}`,
      taskQueue,
      args: [{ repository, snapshot: 's', uuid, plan: note('plan'), group, options }],
    });
    const error = await work(handle).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (history !== undefined) await keepHistory(handle, history);
    return error;
  });
  return { kept, closed, failure };
}

test('what was stored of a view that was lost is kept, and the rest is read in another one', async () => {
  const asked: (readonly ObjectRef[])[] = [];
  const read: string[] = [];
  const { kept, closed } = await copyGroup(
    {
      planShard: async ({ parts }) => {
        asked.push(parts);
        return orderedPlan(`view-${asked.length}`);
      },
      copyChunk: async ({ chunk, ordered }) => {
        read.push(`${ordered?.view} ${chunk.from}`);
        return copiedOf(`${ordered?.view}/${chunk.from}`, ordered?.view === 'view-1' || undefined);
      },
    },
    undefined,
    'copy-shard-group-lost-view',
  );
  expect(asked.map((parts) => parts.map(({ key }) => key).sort())).toEqual([[], ['view-1/0', 'view-1/50']]);
  expect(read.sort()).toEqual(['view-1 0', 'view-1 50', 'view-2 0', 'view-2 50']);
  expect(kept).toMatchObject([
    {
      ordinal: 0,
      covers: [
        { from: 0, to: 100 },
        { from: 0, to: 100 },
      ],
    },
  ]);
  expect(kept[0].parts.map(({ key }) => key).sort()).toEqual(['view-1/0', 'view-1/50', 'view-2/0', 'view-2/50']);
  expect(closed).toEqual(['view-1', 'view-2']);
});

test('nothing that was copied before is kept when the plan begins anew', async () => {
  let plans = 0;
  const { kept } = await copyGroup({
    planShard: async () => {
      plans++;
      return plans === 1 ? orderedPlan('view-1') : { ...orderedPlan('view-2', { anew: true }) };
    },
    copyChunk: async ({ chunk, ordered }) => copiedOf(`${ordered?.view}/${chunk.from}`, plans === 1 || undefined),
  });
  expect(kept[0].parts.map(({ key }) => key).sort()).toEqual(['view-2/0', 'view-2/50']);
  expect(kept[0].covers).toEqual([{ from: 0, to: 100 }]);
});

test('a shard whose numbers are not what they were taken for is left to be read whole', async () => {
  const { kept, closed } = await copyGroup({
    planShard: async () => orderedPlan('view-1'),
    copyChunk: async ({ chunk }) =>
      chunk.from === 0 ? copiedOf('kept') : { parts: [], documents: 0, objects: 0, bytes: 0, inconsistent: true },
  });
  expect(kept).toEqual([{ ordinal: 0, parts: [], covers: [] }]);
  expect(closed).toEqual(['view-1']);
});

test('a shard of which view after view is lost before anything was read fails with that reason', async () => {
  let plans = 0;
  const { kept, closed } = await copyGroup({
    planShard: async () => orderedPlan(`view-${++plans}`),
    copyChunk: async () => ({ parts: [], documents: 0, objects: 0, bytes: 0, viewLost: true }),
  });
  expect(kept).toMatchObject([{ parts: [], failure: { reason: expect.stringContaining('lost 5 views of logs[0]') } }]);
  expect(closed).toHaveLength(5);
});

test('the view is closed when a chunk fails, and when the job is cancelled', async () => {
  const failing = await copyGroup({
    planShard: async () => orderedPlan('failing'),
    copyChunk: async () => {
      throw ApplicationFailure.nonRetryable('the store is full', 'store_rejected');
    },
  });
  expect(failing.closed).toEqual(['failing']);
  expect(failing.kept).toMatchObject([{ failure: { reason: expect.stringContaining('the store is full') } }]);
  let begun: () => void;
  const copying = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const cancelled = await copyGroup(
    {
      planShard: async () => orderedPlan('cancelled'),
      copyChunk: async () => {
        begun();
        return untilCancelled();
      },
    },
    async (handle) => {
      await copying;
      await handle.cancel();
      return handle.result();
    },
  );
  expect(cancelled.closed).toEqual(['cancelled']);
  expect(cancelled.kept).toEqual([]);
  expect(cancelled.failure).toBeDefined();
});
