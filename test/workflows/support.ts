/**
 * Workflows alone, on the run's Temporal dev server: real workflow code, activities of the test. What a fake activity
 * decides is the test's; that workflows never see anything else is the worker's, which serves nothing but the fakes.
 */
import path from 'node:path';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Context } from '@temporalio/activity';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { type ControlActivities } from '../../activities/control';
import { type DataActivities } from '../../activities/data';
import { type JobOptions, type JobRepository } from '../../src/contracts/jobs';
import { temporalAddress } from '../support/temporal';

const BUNDLE = path.resolve(__dirname, '../../dist/workflow-bundle.js');

/** Activities of a test, by the names of the real ones; types of arguments and results are theirs. */
export type FakeActivities = Partial<ControlActivities & DataActivities>;

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

/** For activities that work until somebody cancels them. */
export async function untilCancelled(): Promise<never> {
  for (;;) {
    Context.current().heartbeat();
    await Context.current().sleep(50);
  }
}

/** A registration nobody opens, in a place of its own. */
export function repositoryOf(place: string): JobRepository {
  return { name: 'r', type: 'fs', settings: { location: '/nowhere' }, revision: 1, place };
}
