import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WorkflowHandle } from '@temporalio/client';
import { type TestWorkflowEnvironment } from '@temporalio/testing';
import { LEDGER_MEMO, type LedgerJob, newLedger, type ShownJobs, type Sweeper } from '../../src/contracts/jobs/ledger';
import {
  beginJobsUpdate,
  endJobSignal,
  requestSweepSignal,
  retireSignal,
} from '../../src/contracts/jobs/workflow-messages';
import { workflowIds } from '../../src/contracts/workflow-ids';
import { type repositoryWorkflow } from '../../workflows';
import { type FakeActivities, repositoryOf, startEnvironment, withActivities } from './support';

let environment: TestWorkflowEnvironment;

beforeAll(async () => {
  environment = await startEnvironment();
}, 60_000);

afterAll(() => environment.teardown());

/** A ledger with the sweeps that it starts, and the signals that they received. */
class Ledger {
  readonly marks: string[][] = [];
  readonly rolledBack: string[][] = [];
  sweeps = 0;
  /** Removed snapshots that no sweep has deleted. */
  readonly removed = new Set<string>();
  marking: Promise<void> = Promise.resolve();
  ended: string[] = [];
  handle!: WorkflowHandle<typeof repositoryWorkflow>;
  sweeper!: Sweeper;
  readonly place = randomUUID();

  readonly activities: FakeActivities = {
    markRemoved: async ({ inUse }) => {
      this.marks.push([...inUse]);
      await this.marking;
    },
    sweepRemoved: async () => {
      const inUse = this.marks.at(-1) ?? [];
      for (const uuid of this.removed) if (!inUse.includes(uuid)) this.removed.delete(uuid);
      this.sweeps++;
      return { deletedObjects: 0, deletedBytes: 0, left: this.removed.size };
    },
    rollBackStranded: async ({ uuids }) => {
      this.rolledBack.push([...uuids]);
    },
    findEndedJobs: async ({ workflowIds: asked }) => asked.filter((id) => this.ended.includes(id)),
  };

  async begin(name: string, more: Partial<LedgerJob> = {}): Promise<boolean> {
    const job: LedgerJob = {
      workflowId: name,
      kind: 'snapshot',
      repository: 'r',
      snapshot: name,
      snapshotUuid: `uuid of ${name}`,
      startMillis: 1,
      claims: ['a'],
      ...more,
    };
    const begin = { jobs: [job], sweeper: this.sweeper };
    const [{ granted }] = await this.handle.executeUpdate(beginJobsUpdate, { args: [begin] });
    return granted;
  }

  async end(name: string): Promise<void> {
    await this.handle.signal(endJobSignal, { workflowId: name, outcome: { state: 'SUCCESS' } });
  }

  /** Does what a DELETE does: removes a snapshot from the catalogue, and asks for a sweep of its objects. */
  async remove(uuid: string): Promise<void> {
    this.removed.add(uuid);
    await this.handle.signal(requestSweepSignal, { workflowId: 'who deletes', ...this.sweeper });
  }

  async shown(): Promise<ShownJobs> {
    return (await this.handle.describe()).memo?.[LEDGER_MEMO] as ShownJobs;
  }
}

async function withLedger(work: (ledger: Ledger) => Promise<void>): Promise<void> {
  const ledger = new Ledger();
  await withActivities(environment, ledger.activities, async ({ taskQueue, options }) => {
    ledger.sweeper = { repository: repositoryOf(ledger.place), options };
    ledger.handle = await environment.client.workflow.start<typeof repositoryWorkflow>('repositoryWorkflow', {
      workflowId: workflowIds.repository(ledger.place),
      taskQueue,
      args: [{ ...newLedger(ledger.place), sweepDue: false, checkMs: { awaited: 500, others: 500 } }],
    });
    try {
      await work(ledger);
    } finally {
      await ledger.handle.terminate().catch(() => undefined);
    }
  });
}

async function until(isReached: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_500; i++) {
    if (await isReached()) return;
    await sleep(20);
  }
  throw new Error('never came');
}

describe('sweeping', () => {
  it('spares what a running snapshot builds on, and sweeps it when that has ended', () =>
    withLedger(async (ledger) => {
      await ledger.begin('b');
      await ledger.begin('b', { reads: ['A'] });
      await ledger.remove('A');
      await until(() => ledger.sweeps === 1);
      expect(ledger.marks).toEqual([['A', 'uuid of b']]);
      await sleep(1_000);
      expect(ledger.sweeps).toBe(1);
      expect([...ledger.removed]).toEqual(['A']);
      await ledger.end('b');
      await until(() => ledger.removed.size === 0);
      expect(ledger.marks.at(-1)).toEqual([]);
    }));

  it('does not mark while it is not known what a running job builds on', () =>
    withLedger(async (ledger) => {
      await ledger.begin('b');
      await ledger.remove('A');
      await sleep(1_000);
      expect(ledger.marks).toEqual([]);
      await ledger.begin('b', { reads: [] });
      await until(() => ledger.removed.size === 0);
      expect(ledger.marks).toEqual([['uuid of b']]);
    }));

  it('lets no job begin while it marks', () =>
    withLedger(async (ledger) => {
      let marked = (): void => undefined;
      ledger.marking = new Promise((resolve) => {
        marked = resolve;
      });
      await ledger.remove('A');
      await until(() => ledger.marks.length === 1);
      let begun = false;
      const beginning = ledger.begin('b').then(() => {
        begun = true;
      });
      await sleep(700);
      expect(begun).toBe(false);
      marked();
      await beginning;
    }));

  it('rolls back what a terminated job left', () =>
    withLedger(async (ledger) => {
      await ledger.begin('b', { reads: [] });
      ledger.ended = ['b'];
      await until(() => ledger.rolledBack.length > 0);
      expect(ledger.rolledBack[0]).toEqual(['uuid of b']);
      await until(async () => (await ledger.shown()).running.length === 0);
      expect((await ledger.shown()).ended).toMatchObject([{ workflowId: 'b', state: 'ABORTED' }]);
    }));

  it('begins again after a sweep that was terminated', () =>
    withLedger(async (ledger) => {
      let never = (): void => undefined;
      ledger.marking = new Promise((resolve) => {
        never = resolve;
      });
      await ledger.remove('A');
      await until(() => ledger.marks.length === 1);
      await environment.client.workflow.getHandle(workflowIds.sweep(ledger.place)).terminate();
      ledger.marking = Promise.resolve();
      ledger.ended = [workflowIds.sweep(ledger.place)];
      await until(() => ledger.removed.size === 0);
      never();
    }));
});

describe('order', () => {
  it('lets snapshots of one index wait for each other, in the order they came, and others go', () =>
    withLedger(async (ledger) => {
      expect(await ledger.begin('one')).toBe(true);
      expect(await ledger.begin('two')).toBe(false);
      expect(await ledger.begin('other', { claims: ['b'] })).toBe(true);
      expect(await ledger.begin('all', { claims: ['*'] })).toBe(false);
      expect(await ledger.begin('restore', { kind: 'restore', claims: [] })).toBe(true);
      const names = (await ledger.shown()).running.map((job) => job.snapshot);
      expect(names).toEqual(['one', 'two', 'other', 'all', 'restore']);
      await ledger.end('one');
      await until(async () => ledger.begin('two'));
    }));

  it('shows a job in its memo as soon as it has begun, and how it ended', () =>
    withLedger(async (ledger) => {
      await ledger.begin('one');
      expect(await ledger.shown()).toMatchObject({ running: [{ workflowId: 'one', snapshotUuid: 'uuid of one' }] });
      expect(JSON.stringify(await ledger.shown())).not.toContain('claims');
      await ledger.end('one');
      await until(async () => (await ledger.shown()).running.length === 0);
      expect((await ledger.shown()).ended).toMatchObject([{ workflowId: 'one', state: 'SUCCESS' }]);
    }));
});

it('ends when the last registration of its place is gone and nobody works', () =>
  withLedger(async (ledger) => {
    await ledger.begin('one', { reads: [] });
    await ledger.handle.signal(retireSignal);
    await sleep(300);
    expect((await ledger.handle.describe()).status.name).toBe('RUNNING');
    await ledger.end('one');
    await ledger.handle.result();
  }));
