import { type JobOptions } from '../contracts/jobs/job';
import { type Settings } from './settings';

/** Task queue of the activities that move data. */
export function dataTaskQueue(taskQueue: string): string {
  return `${taskQueue}-data`;
}

/** What every job of this process is started with. */
export function jobOptions(settings: Settings, searchAttributes: boolean): JobOptions {
  return {
    retryWindowMs: settings.retryWindowMs,
    dataTaskQueue: dataTaskQueue(settings.taskQueue),
    searchAttributes,
  };
}
