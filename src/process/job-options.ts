import { type JobOptions } from '../contracts/jobs/job';
import { type Settings } from './settings';

/** Returns the task queue of the activities that copy data. */
export function dataTaskQueue(taskQueue: string): string {
  return `${taskQueue}-data`;
}

/** Returns the options with which this process starts every job. */
export function jobOptions(settings: Settings, searchAttributes: boolean): JobOptions {
  return {
    retryWindowMs: settings.retryWindowMs,
    dataTaskQueue: dataTaskQueue(settings.taskQueue),
    searchAttributes,
  };
}
