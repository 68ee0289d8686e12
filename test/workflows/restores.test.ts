import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';
import { runActivity } from '../../activities/activity-shell';
import { SnapkeepError } from '../../src/contracts/errors';
import { bounded } from '../../src/contracts/jobs/bounded';
import { type RestoreStatus } from '../../src/contracts/jobs/recovery';
import { type IndexRestore, type RestoreOutcome } from '../../src/contracts/jobs/restore';
import { connectTestTemporal, type TestTemporal } from '../support/temporal';

/** Decisions of the restore's workflows, with activities that answer as the test says. */

const BUNDLE = path.resolve(__dirname, '../../dist/workflow-bundle.js');
const RETRY_WINDOW_MS = 3_000;
const none = bounded<never>([]);

interface Batch {
  readonly indices: readonly IndexRestore[];
}

type Activities = Record<string, (call: never) => Promise<unknown>>;

describe('the workflow of a restore', () => {
  let temporal: TestTemporal;
  beforeAll(async () => {
    temporal = await connectTestTemporal();
  });
  afterAll(() => temporal.close());

  const index = (target: string, ordinal = 0): IndexRestore => ({
    source: target,
    ordinal,
    target,
    alias: `.one-off-${ordinal}`,
    shards: 1,
    documents: 5,
    bytes: 10,
    objects: 1,
  });
  const chunk = { shard: 0, first: 0, count: 1, documents: 5, bytes: 10, objects: 1 };
  const prepared = { uuid: 'uuid', cloned: false, chunks: [chunk], leftOut: none };

  async function run(
    indices: readonly IndexRestore[],
    activities: Activities,
    inline = true,
    during: (workflow: WorkflowHandle) => Promise<void> = async () => {},
  ): Promise<{ outcome: RestoreOutcome; status: RestoreStatus; undone: IndexRestore[] }> {
    const undone: IndexRestore[] = [];
    const taskQueue = `restores-${randomUUID()}`;
    const totals = { indices: indices.length, shards: indices.length, documents: 5, bytes: 10 };
    const begun = { manifest: { key: 'k', length: 1, sha256: 'x' }, snapshotUuid: 'u', version: '8.19.0', totals };
    const groups = indices.map((one) => ({ ordinals: [one.ordinal], label: one.target }));
    const worker = await Worker.create({
      connection: temporal.nativeConnection,
      taskQueue,
      workflowBundle: { codePath: BUNDLE },
      activities: {
        beginRestore: async () => (inline ? { ...begun, indices, groups: [] } : { ...begun, groups }),
        planRestoreGroup: async ({ ordinals }: { ordinals: number[] }) =>
          indices.filter(({ ordinal }) => ordinals.includes(ordinal)),
        prepareIndices: async ({ indices: all }: Batch) => ({ indices: all.map(() => prepared), leftOut: none }),
        loadIndices: async ({ indices: all }: Batch) => all.map(() => true),
        finishIndices: async ({ indices: all }: Batch) => all.map(() => true),
        prepareIndex: async () => prepared,
        awaitIndex: async () => undefined,
        restoreChunk: async () => ({ documents: 5, objects: 1, bytes: 10, conflicts: none }),
        finishIndex: async () => ({ leftOut: none }),
        undoIndex: async (call: { index: IndexRestore }) => void undone.push(call.index),
        endRestore: async () => undefined,
        ...activities,
      },
    });
    return worker.runUntil(async () => {
      const handle = await temporal.client.workflow.start('restoreSnapshotWorkflow', {
        taskQueue,
        workflowId: `restore/${randomUUID()}`,
        args: [
          {
            repository: 'r',
            snapshot: 's',
            id: 'abc',
            startMillis: 1,
            request: { ignoreUnavailable: false, includeGlobalState: false, includeAliases: true, partial: false },
            options: { retryWindowMs: RETRY_WINDOW_MS, dataTaskQueue: taskQueue, searchAttributes: false },
          },
        ],
      });
      await during(handle);
      const outcome = (await handle.result()) as RestoreOutcome;
      return { outcome, status: await handle.query<RestoreStatus, []>('getStatus'), undone };
    });
  }

  it('gives up on an index without a node when its window is over, with the reason, and deletes it', async () => {
    const { outcome, undone } = await run([index('a')], {
      awaitIndex: async () => 'no node matches [box:none]',
    });
    expect(outcome).toMatchObject({
      state: 'FAILED',
      failures: { total: 1, first: [{ index: 'a', reason: expect.stringContaining('no node matches [box:none]') }] },
    });
    expect(undone.map(({ target }) => target)).toEqual(['a']);
  });

  it('ends a step that the cluster never does within the window, whatever it answers', async () => {
    const { outcome, status } = await run([index('a')], {
      // The window is kept by the shell of the real activities.
      finishIndex: () => runActivity(() => Promise.reject(new SnapkeepError('cluster_unavailable', '503 for ever'))),
    });
    expect(outcome.failures.first[0].reason).toContain('503 for ever');
    expect(status.summary.failures).toEqual(outcome.failures);
  });

  it('goes on with the others where one cannot even be deleted, and says so', async () => {
    const refusal = ApplicationFailure.create({ type: 'cluster_rejected', message: 'blocked', nonRetryable: true });
    const { outcome } = await run([index('a', 0), index('b', 1)], {
      loadIndices: async ({ indices: all }: Batch) => all.map(() => false),
      restoreChunk: async ({ index: { target } }: { index: IndexRestore }) => {
        if (target === 'a') throw refusal;
        return { documents: 5, objects: 1, bytes: 10, conflicts: none };
      },
      undoIndex: async () => {
        throw refusal;
      },
    } as Activities);
    expect(outcome).toMatchObject({ state: 'PARTIAL', indices: ['b'], shards: { total: 2, failed: 1 } });
    expect(outcome.failures.first[0].reason).toContain('could not be deleted');
  });

  it('goes on with the other groups where one fails as a whole', async () => {
    const { outcome, status } = await run(
      [index('a', 0), index('b', 1)],
      {
        planRestoreGroup: async ({ ordinals }: { ordinals: number[] }) => {
          if (ordinals[0] === 0)
            throw ApplicationFailure.create({ type: 'internal', message: 'broken', nonRetryable: true });
          return [index('b', 1)];
        },
      } as Activities,
      false,
    );
    expect(outcome).toMatchObject({ state: 'PARTIAL', indices: ['b'], failures: { total: 1 } });
    expect(status.indices.map(({ target, state }) => [target, state])).toEqual([['b', 'DONE']]);
    expect(status.groups).toEqual([]);
  });

  describe('of small indices', () => {
    /** Steps that note which index they were called for. */
    function noting(notes: string[]): Activities {
      const note =
        <R>(step: string, answer: R) =>
        async ({ index: { target } }: { index: IndexRestore }): Promise<R> => {
          notes.push(`${step} ${target}`);
          return answer;
        };
      return {
        prepareIndex: note('create', prepared),
        restoreChunk: note('write', { documents: 5, objects: 1, bytes: 10, conflicts: none }),
        finishIndex: note('finish', { leftOut: none }),
      } as Activities;
    }

    it('shares the steps', async () => {
      const notes: string[] = [];
      const { outcome, status } = await run([index('a', 0), index('b', 1)], noting(notes));
      expect(notes).toEqual([]);
      expect(outcome).toMatchObject({ state: 'SUCCESS', indices: ['a', 'b'], documents: 10 });
      expect(status.indices.map(({ shards }) => shards)).toEqual([
        [expect.objectContaining({ stage: 'DONE', documents: 5, recoveredDocuments: 5, recoveredObjects: 1 })],
        [expect.objectContaining({ stage: 'DONE', documents: 5, recoveredDocuments: 5, recoveredObjects: 1 })],
      ]);
    });

    it('goes on by own steps from where common ones left an index', async () => {
      const notes: string[] = [];
      const all = ['a', 'b', 'c', 'd'].map((name, ordinal) => index(name, ordinal));
      const names = ({ indices }: Batch): string[] => indices.map(({ target }) => target);
      const { outcome } = await run(all, {
        ...noting(notes),
        prepareIndices: async (call: Batch) => ({
          indices: names(call).map((name) => (name === 'a' ? null : prepared)),
          leftOut: none,
        }),
        loadIndices: async (call: Batch) => names(call).map((name) => name !== 'b'),
        finishIndices: async (call: Batch) => names(call).map((name) => name !== 'c'),
      } as Activities);
      expect(outcome).toMatchObject({ state: 'SUCCESS', indices: ['a', 'b', 'c', 'd'], documents: 20 });
      expect(notes.sort()).toEqual(['create a', 'finish a', 'finish b', 'finish c', 'write a', 'write b']);
    });

    it('goes on by own steps where a common one fails as a whole', async () => {
      const notes: string[] = [];
      const { outcome } = await run([index('a', 0), index('b', 1)], {
        ...noting(notes),
        finishIndices: async () => {
          throw ApplicationFailure.create({ type: 'internal', message: 'broken', nonRetryable: true });
        },
      });
      expect(outcome).toMatchObject({ state: 'SUCCESS', indices: ['a', 'b'] });
      expect(notes.sort()).toEqual(['finish a', 'finish b']);
    });

    it('deletes one that is stopped during a common step, and restores the others', async () => {
      const loading = held();
      const { outcome, undone } = await run(
        [index('a', 0), index('b', 1)],
        { loadIndices: () => runActivity(({ signal }) => loading.untilAborted(signal)) },
        true,
        async (workflow) => {
          await loading.begun;
          await workflow.signal('cancelIndexRestore', { index: 'a' });
        },
      );
      expect(outcome).toMatchObject({ state: 'PARTIAL', indices: ['b'], failures: { total: 1 } });
      expect(undone.map(({ target }) => target)).toEqual(['a']);
    });

    it('deletes all that it may have created when the restore is cancelled during a common step', async () => {
      const loading = held();
      const undone: string[] = [];
      const restore = run(
        [index('a', 0), index('b', 1)],
        {
          loadIndices: () => runActivity(({ signal }) => loading.untilAborted(signal)),
          undoIndex: async ({ index: { target } }: { index: IndexRestore }) => void undone.push(target),
        } as Activities,
        true,
        async (workflow) => {
          await loading.begun;
          await workflow.cancel();
        },
      );
      await expect(restore).rejects.toThrow();
      expect(undone.sort()).toEqual(['a', 'b']);
    });
  });

  it('reports what was left out at any step', async () => {
    const leftOut = (name: string) => bounded([{ index: 'a', kind: 'setting' as const, name, reason: 'unknown' }]);
    const { outcome } = await run([index('a')], {
      prepareIndex: async () => ({ ...prepared, leftOut: leftOut('first') }),
      restoreChunk: async () => ({ documents: 5, objects: 1, bytes: 10, conflicts: { total: 3, first: ['id'] } }),
      finishIndex: async () => ({ leftOut: leftOut('last') }),
    });
    expect(outcome.leftOut.total).toBe(5);
    expect(outcome.leftOut.first.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'setting first',
      'document id',
      'setting last',
    ]);
  });
});

/** Work that goes on until it is aborted. */
function held(): { begun: Promise<void>; untilAborted: (signal: AbortSignal) => Promise<never> } {
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  return {
    begun,
    untilAborted: (signal) => {
      begin();
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
  };
}
