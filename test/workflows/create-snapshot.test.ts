import { randomUUID } from 'node:crypto';
import { type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { runActivity } from '../../activities/activity-shell';
import { type ErrorCode, SnapkeepError } from '../../src/contracts/errors';
import { type OpenedViews } from '../../src/contracts/jobs/copy';
import { MAX_REPLANS } from '../../src/contracts/jobs/plan-again';
import { type SnapshotOutcome } from '../../src/contracts/jobs/snapshot';
import { acceptedUpdate, cancelSnapshotSignal, snapshotStatusQuery } from '../../src/contracts/jobs/workflow-messages';
import { isStopped } from '../../src/jobs/temporal/temporal-failures';
import { type createSnapshotWorkflow } from '../../workflows';
import {
  type FakeActivities,
  keepHistory,
  repositoryOf,
  startEnvironment,
  untilCancelled,
  withActivities,
} from './support';

const OBJECT = { key: 'k', length: 1, sha256: '0' };
const COPIED = { results: OBJECT, failed: 0, plan: OBJECT, unchangedMillis: 1 };
const OUTCOME: SnapshotOutcome = {
  state: 'SUCCESS',
  indices: 1,
  shards: { total: 1, failed: 0 },
  documents: 1,
  addedObjects: 1,
  addedBytes: 1,
  endMillis: 2,
};

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

/** The calls of a job, in order; each activity adds its name. */
class Calls {
  readonly names: string[] = [];
  rollBacks: { fence: boolean; state: string }[] = [];
  reasons: string[] = [];

  count(name: string): number {
    return this.names.filter((one) => one === name).length;
  }

  /** Returns the activities of a job whose plan has one small group of shards, and whose commit does `commit`. */
  activities(commit: (plans: number) => Promise<SnapshotOutcome>, more: FakeActivities = {}): FakeActivities {
    return {
      beginSnapshot: async () => {
        this.names.push('begin');
        return {
          kind: 'planned',
          mayHaveCommitted: false,
          plan: OBJECT,
          groups: [{ first: 0, count: 1, small: true, label: 'logs[0]', documents: 1 }],
          smallInViews: true,
          counts: { indices: 1, shards: 1, unchangedShards: 0, failedShards: 0 },
        };
      },
      copySmallGroup: async () => {
        this.names.push('copy');
        return COPIED;
      },
      commitSnapshot: async () => {
        this.names.push('commit');
        return commit(this.count('begin'));
      },
      failSnapshot: async ({ reason }) => {
        this.names.push('fail');
        this.reasons.push(reason);
        return { ...OUTCOME, state: 'FAILED' };
      },
      rollbackSnapshot: async ({ fence, outcome }) => {
        this.names.push('roll back');
        this.rollBacks.push({ fence, state: outcome.state });
      },
      ...more,
    };
  }
}

function refusal(code: ErrorCode, nonRetryable = true): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message: `the test says ${code}`, nonRetryable });
}

async function run<T>(
  activities: FakeActivities,
  work: (handle: WorkflowHandle<typeof createSnapshotWorkflow>) => Promise<T>,
  retryWindowMs?: number,
): Promise<T> {
  return withActivities(
    environment,
    activities,
    async ({ taskQueue, options }) => {
      const uuid = randomUUID();
      const handle = await environment.client.workflow.start<typeof createSnapshotWorkflow>('createSnapshotWorkflow', {
        workflowId: `snapshot-${uuid}`,
        taskQueue,
        args: [
          {
            repository: repositoryOf(uuid),
            snapshot: 's',
            uuid,
            startMillis: 1,
            request: { ignoreUnavailable: false, includeGlobalState: false, partial: false },
            options,
          },
        ],
      });
      return work(handle);
    },
    retryWindowMs,
  );
}

/** Waits for the outcome of a job, and keeps its history under a name. */
function ended(file: string) {
  return async (handle: WorkflowHandle<typeof createSnapshotWorkflow>): Promise<SnapshotOutcome> => {
    const outcome = await handle.result();
    await keepHistory(handle, file);
    return outcome;
  };
}

describe('a snapshot whose base was swept or overtaken by another installation', () => {
  const failing = (calls: Calls, times: number): FakeActivities =>
    calls.activities(async (plans) => {
      if (plans <= times) throw refusal('base_changed');
      return OUTCOME;
    });

  it.each([1, MAX_REPLANS])('plans again after %i failed commits, and succeeds', async (times) => {
    const calls = new Calls();
    const outcome = await run(failing(calls, times), ended(`create-snapshot-planned-again-${times}-times`));
    expect(outcome.state).toBe('SUCCESS');
    expect(calls.count('begin')).toBe(times + 1);
    expect(calls.count('commit')).toBe(times + 1);
    expect(calls.count('roll back') + calls.count('fail')).toBe(0);
  });

  it('ends FAILED with the reason after one more, and is committed so', async () => {
    const calls = new Calls();
    const outcome = await run(failing(calls, MAX_REPLANS + 1), ended('create-snapshot-planned-again-too-often'));
    expect(outcome.state).toBe('FAILED');
    expect(calls.count('begin')).toBe(MAX_REPLANS + 1);
    expect(calls.reasons).toEqual(['base_changed: the test says base_changed']);
    expect(calls.count('roll back')).toBe(0);
  });

  it('is rolled back, fenced, when it is cancelled between two plans', async () => {
    const calls = new Calls();
    await run(
      calls.activities(
        async () => {
          throw refusal('base_changed');
        },
        {
          copySmallGroup: async () => {
            calls.names.push('copy');
            if (calls.count('copy') === 2) await untilCancelled();
            return COPIED;
          },
        },
      ),
      async (handle) => {
        while (calls.count('copy') < 2) await new Promise((resolve) => setTimeout(resolve, 10));
        await handle.signal(cancelSnapshotSignal);
        expect(isStopped(await handle.result().catch((error: unknown) => error))).toBe(true);
        await keepHistory(handle, 'create-snapshot-planned-again-and-cancelled');
      },
    );
    // The first commit may still be on its way somewhere: the roll-back has to fence it, although a plan came after.
    expect(calls.rollBacks).toEqual([{ fence: true, state: 'ABORTED' }]);
    expect(calls.count('commit')).toBe(1);
  });
});

describe('a snapshot that fails', () => {
  it('refuses its caller and leaves no entry when it fails before it was accepted', async () => {
    const calls = new Calls();
    const begin = { beginSnapshot: () => Promise.reject(refusal('index_not_found_exception')) };
    await run(
      calls.activities(async () => OUTCOME, begin),
      async (handle) => {
        await expect(handle.executeUpdate(acceptedUpdate)).rejects.toMatchObject({
          cause: { type: 'index_not_found_exception' },
        });
      },
    );
    expect(calls.names).toEqual(['roll back']);
    expect(calls.rollBacks).toEqual([{ fence: true, state: 'FAILED' }]);
  });

  it('is committed as FAILED with the reason when it fails after it was accepted', async () => {
    const calls = new Calls();
    const outcome = await run(
      calls.activities(async () => {
        throw refusal('store_access_denied');
      }),
      (handle) => handle.result(),
    );
    expect(outcome.state).toBe('FAILED');
    expect(calls.reasons).toEqual(['store_access_denied: the test says store_access_denied']);
  });

  // The window of a step is kept by the shell of the real activities.
  const away = (): Promise<never> =>
    runActivity(() => Promise.reject(new SnapkeepError('store_unavailable', 'the store is away')));

  it('gives a step up when its retry window is over, with the last failure as reason', async () => {
    const calls = new Calls();
    const outcome = await run(calls.activities(away), (handle) => handle.result(), 2_000);
    expect(outcome.state).toBe('FAILED');
    expect(calls.count('commit')).toBeGreaterThan(1);
    expect(calls.reasons).toEqual(['store_unavailable: the store is away (no progress within the retry window)']);
  });

  it('ends although its reason can not be kept and its roll-back fails', async () => {
    const calls = new Calls();
    await run(
      calls.activities(away, { failSnapshot: away, rollbackSnapshot: away }),
      async (handle) => {
        await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'store_unavailable' } });
      },
      1_500,
    );
  });
});

it('needs no fence when no commit was tried', async () => {
  const calls = new Calls();
  await run(
    calls.activities(async () => OUTCOME, {
      copySmallGroup: async () => {
        calls.names.push('copy');
        return untilCancelled();
      },
    }),
    async (handle) => {
      while (calls.count('copy') < 1) await new Promise((resolve) => setTimeout(resolve, 10));
      expect((await handle.query(snapshotStatusQuery)).state).toBe('STARTED');
      await handle.signal(cancelSnapshotSignal);
      expect(isStopped(await handle.result().catch((error: unknown) => error))).toBe(true);
    },
  );
  expect(calls.rollBacks).toEqual([{ fence: false, state: 'ABORTED' }]);
});

/** A round of views of a snapshot with three groups to settle. */
function round(from: number, to: number, changedShards: number, plan = OBJECT): OpenedViews {
  const group = { first: from, count: to - from, small: true, label: `logs[${from}]`, documents: 1 };
  const views = { ...OBJECT, key: `views-${from}` };
  return { plan, views, to, changedShards, groups: [group], unchangedMillis: 100 + from };
}

describe('a snapshot with several groups of shards', () => {
  const groups = [
    { first: 0, count: 1, small: true, label: 'logs[0]', documents: 1 },
    { first: 1, count: 1, small: true, label: 'logs[1]', documents: 1 },
  ];
  const counts = { indices: 1, shards: 3, unchangedShards: 1, failedShards: 0 };
  const planned = {
    kind: 'planned',
    mayHaveCommitted: false,
    plan: OBJECT,
    groups,
    smallInViews: true,
    counts,
  } as const;

  it('opens further views when the former are closed, and commits a plan to which shards were added', async () => {
    const calls = new Calls();
    const revised = { ...OBJECT, key: 'revised' };
    const commits: object[] = [];
    const outcome = await run(
      calls.activities(async () => OUTCOME, {
        beginSnapshot: async () => planned,
        openViews: async ({ from, plan }) => {
          calls.names.push(`open ${from} of ${plan.key}`);
          return from === 0 ? round(0, 2, 3, revised) : round(2, 3, 3, revised);
        },
        settleGroup: async ({ group, views, plan }) => {
          calls.names.push(`settle ${group.first} in ${views.key} of ${plan.key}`);
          return { results: { ...OBJECT, key: `results-${group.first}` }, failed: 0 };
        },
        commitSnapshot: async ({ plan, results, unchangedMillis }) => {
          commits.push({ plan: plan.key, results: results.map((one) => one.results.key), unchangedMillis });
          return OUTCOME;
        },
      }),
      ended('create-snapshot-rounds-of-views'),
    );
    expect(outcome.state).toBe('SUCCESS');
    expect(calls.names).toEqual([
      'open 0 of k',
      'settle 0 in views-0 of revised',
      'open 2 of revised',
      'settle 2 in views-2 of revised',
    ]);
    expect(commits).toEqual([{ plan: 'revised', results: ['results-0', 'results-2'], unchangedMillis: 100 }]);
  });

  it.each([true, false])('leaves no view open when it is cancelled between opening and settling (%s)', async (busy) => {
    const calls = new Calls();
    const closed: string[] = [];
    const opened = busy ? ['settle'] : ['open'];
    await run(
      calls.activities(async () => OUTCOME, {
        beginSnapshot: async () => planned,
        openViews: async () => {
          calls.names.push('open');
          if (!busy) await untilCancelled().catch(() => undefined);
          return round(0, 2, 2);
        },
        settleGroup: async () => {
          calls.names.push('settle');
          return untilCancelled();
        },
        rollbackSnapshot: async ({ plan, views, outcome: { state } }) => {
          closed.push(state, plan!.key, ...views.map((one) => one.key));
        },
      }),
      async (handle) => {
        while (calls.count(opened[0]) < 1) await new Promise((resolve) => setTimeout(resolve, 10));
        await handle.signal(cancelSnapshotSignal);
        expect(isStopped(await handle.result().catch((error: unknown) => error))).toBe(true);
        if (busy) await keepHistory(handle, 'create-snapshot-cancelled-with-open-views');
      },
    );
    expect(closed).toEqual(['ABORTED', 'k', 'views-0']);
    expect(calls.count('commit')).toBe(0);
  });

  it('shows what is copied as started, and as done only once it is settled', async () => {
    const calls = new Calls();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    await run(
      calls.activities(async () => OUTCOME, {
        beginSnapshot: async () => planned,
        openViews: async () => round(0, 2, 2),
        settleGroup: async () => {
          calls.names.push('settle');
          await released;
          return COPIED;
        },
      }),
      async (handle) => {
        while (calls.count('settle') < 1) await new Promise((resolve) => setTimeout(resolve, 10));
        const { settling, state } = await handle.query(snapshotStatusQuery);
        expect(state).toBe('STARTED');
        expect(settling).toMatchObject([{ group: { first: 0, count: 2 }, done: false }]);
        release();
        expect((await handle.result()).state).toBe('SUCCESS');
        expect((await handle.query(snapshotStatusQuery)).settling).toMatchObject([{ done: true }]);
      },
    );
  });
});
