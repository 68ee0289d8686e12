/**
 * Returns the task queue that one worker alone polls, for activities that have to run in each worker. Temporal lists
 * workers by the identity with which they poll the shared queue.
 */
export function workerQueue(taskQueue: string, identity: string): string {
  return `${taskQueue}-${identity}`;
}
