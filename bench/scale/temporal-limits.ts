/** What Temporal takes, and what the workflows of a snapshot use of it. */

/** Limits of a Temporal server as it comes. */
export const TEMPORAL = { payloadBytes: 2 * 1024 * 1024, events: 51_200 };

/** Events of a workflow task: scheduled, started, completed. */
const TASK = 3;
/** Events of an activity with the workflow task that its end brings. */
const ACTIVITY = 3 + TASK;
/** Events of a child with the two tasks that its start and its end bring. */
const CHILD = 3 + 2 * TASK;
/** Events of settling a group: an activity, and the memo that is written then. */
const SETTLED = ACTIVITY + 1;
/** Events of a workflow without any work: its start and end, its first task, and what is shown of it. */
const ALONE = 12;

/**
 * Returns the most events of the workflow of a snapshot that opens views in so many rounds. Tasks that come together
 * are one: there are often fewer.
 *
 * @param settled groups to settle, of all rounds together.
 */
export function snapshotEvents(groups: number, rounds: number, settled: number): number {
  return ALONE + 2 * ACTIVITY + groups * CHILD + rounds * ACTIVITY + settled * SETTLED;
}

/** Returns the most events of the child that copies a group of large shards of so many chunks each. */
export function groupEvents(shards: number, chunks: number): number {
  return ALONE + ACTIVITY * (shards * (chunks + 2) + 1);
}
