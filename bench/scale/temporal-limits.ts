/** What Temporal takes, and what the workflows of a snapshot use of it. */

/** Limits of a Temporal server as it comes. */
export const TEMPORAL = { payloadBytes: 2 * 1024 * 1024, events: 51_200 };

/** Events of a workflow task: scheduled, started, completed. */
const TASK = 3;
/** Events of an activity with the workflow task that its end brings. */
const ACTIVITY = 3 + TASK;
/** Events of a child with the two tasks that its start and its end bring, and the memo that is written then. */
const CHILD = 3 + 2 * TASK + 1;
/** Events of a workflow without any work: its start and end, its first task, and what is shown of it. */
const ALONE = 12;

/** Returns the most events of the workflow of a snapshot. Tasks that come together are one: there are often fewer. */
export function snapshotEvents(groups: number): number {
  return ALONE + 2 * ACTIVITY + groups * CHILD;
}

/** Returns the most events of the child that copies a group of large shards of so many chunks each. */
export function groupEvents(shards: number, chunks: number): number {
  return ALONE + ACTIVITY * (shards * (chunks + 2) + 1);
}
