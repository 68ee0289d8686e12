/**
 * Runs workflows alone, on the Temporal dev server of the test run: real workflow code, fake activities. The worker
 * serves nothing but the fakes of the test.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Context } from '@temporalio/activity';
import { type WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { type ControlActivities } from '../../activities/control-queue';
import { type DataActivities } from '../../activities/data-queue';
import { type WorkerActivities } from '../../activities/worker-queue';
import { type JobOptions, type JobRepository } from '../../src/contracts/jobs/job';
import { temporalAddress } from '../support/temporal';

const BUNDLE = path.resolve(__dirname, '../../dist/workflow-bundle.js');

/** Activities of a test, by the names of the real ones; types of arguments and results are theirs. */
export type FakeActivities = Partial<ControlActivities & DataActivities & WorkerActivities>;

let queues = 0;

export async function startEnvironment(): Promise<TestWorkflowEnvironment> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  return TestWorkflowEnvironment.createFromExistingServer({ address: await temporalAddress(), namespace: 'default' });
}

export interface Served {
  readonly taskQueue: string;
  readonly options: JobOptions;
}

/** Runs `work` while a worker serves the workflows with these activities, and nothing else. */
export async function withActivities<T>(
  environment: TestWorkflowEnvironment,
  activities: FakeActivities,
  work: (served: Served) => Promise<T>,
  retryWindowMs = 60_000,
): Promise<T> {
  const taskQueue = `workflows-${process.pid}-${++queues}`;
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: BUNDLE },
    activities,
  });
  return worker.runUntil(
    work({ taskQueue, options: { retryWindowMs, dataTaskQueue: taskQueue, searchAttributes: false } }),
  );
}

/** Works until the activity is cancelled. */
export async function untilCancelled(): Promise<never> {
  for (;;) {
    Context.current().heartbeat();
    await Context.current().sleep(50);
  }
}

/**
 * Keeps the history of an ended workflow for test/replay if SNAPKEEP_RECORD_HISTORIES is set. Paths that only faults
 * lead to are recorded here, all others by test/replay/record.ts.
 */
export async function keepHistory(handle: WorkflowHandle, file: string): Promise<void> {
  if (process.env.SNAPKEEP_RECORD_HISTORIES === undefined) return;
  const history = await handle.fetchHistory();
  writeFileSync(path.join(__dirname, `../replay/histories/${file}.json`), `${historyToJSON(history)}\n`);
}

/** Returns a registration that no test opens, in a place of its own. */
export function repositoryOf(place: string): JobRepository {
  return { name: 'r', type: 'fs', settings: { location: '/nowhere' }, revision: 1, place };
}
