import { type IndexRecovery, type RestoreStatus } from '../../src/contracts/jobs/recovery';
import { Recoveries } from '../../src/jobs/restores/recoveries';
import { type TemporalCalls } from '../../src/jobs/temporal/temporal-calls';

const JOB = { workflowId: 'restore/r/s/1' };

function recovery(target: string, state: IndexRecovery['state']): IndexRecovery {
  return { source: target, target, state, startMillis: 1, shards: [] };
}

function status(indices: readonly IndexRecovery[], more: Partial<RestoreStatus> = {}): RestoreStatus {
  const nothing = { total: 0, first: [] };
  return {
    repository: 'r',
    snapshot: 's',
    snapshotUuid: 'u',
    version: '8.19.0',
    state: 'STARTED',
    startMillis: 1,
    summary: {
      indices: { done: 0, failed: 0 },
      shards: { total: 0, failed: 0 },
      documents: 0,
      failures: nothing,
      leftOut: nothing,
    },
    indices,
    groups: [],
    ...more,
  };
}

/** The recoveries of a restore whose workflows give these answers. */
function recoveriesOf(answer: (workflowId: string, from: number | undefined) => unknown): Recoveries {
  const calls = { query: async (id: string, _query: unknown, _ms?: number, from?: number) => answer(id, from) };
  const none = undefined as never;
  return new Recoveries(calls as unknown as TemporalCalls, none, none, none, none, none);
}

describe('the indices of a restore', () => {
  it('are each shown once, as last seen, though a group ends while it is asked', async () => {
    const recoveries = recoveriesOf((id, from) => {
      if (id === 'group') return [recovery('b', 'RUNNING'), recovery('c', 'DONE')];
      // By the time of the second part the group has ended, and the restore lists its indices itself.
      return from === 0
        ? status([recovery('a', 'DONE')], { next: 1, groups: ['group'] })
        : status([recovery('b', 'DONE'), recovery('c', 'DONE')]);
    });
    const found = await recoveries.statusOf(JOB);
    expect(found?.indices.map(({ target, state }) => [target, state])).toEqual([
      ['a', 'DONE'],
      ['b', 'DONE'],
      ['c', 'DONE'],
    ]);
  });

  it('are none where there is no such restore', async () => {
    expect(await recoveriesOf(() => undefined).statusOf(JOB)).toBeUndefined();
  });
});
