/**
 * Workflow ids are business keys, so that a repeated request finds the same job. They are unambiguous, because names of
 * repositories can't contain `/`.
 */
export const REPOSITORIES_WORKFLOW_ID = 'repositories';
export const POLICIES_WORKFLOW_ID = 'policies';

/** Returns the ids of all other workflows. */
export const workflowIds = {
  /** The ledger of a place. */
  repository: (place: string): string => `repository/${place}`,
  /** The sweep of a place; only one runs at a time. */
  sweep: (place: string): string => `sweep/${place}`,
  snapshot: (repository: string, snapshot: string): string => `snapshot/${repository}/${snapshot}`,
  snapshotGroup: (repository: string, snapshot: string, uuid: string, group: number): string =>
    `snapshot/${repository}/${snapshot}/${uuid.slice(0, 8)}/shards-${group + 1}`,
  restore: (repository: string, snapshot: string, id: string): string => `restore/${repository}/${snapshot}/${id}`,
  restoreGroup: (repository: string, snapshot: string, id: string, group: number): string =>
    `restore/${repository}/${snapshot}/${id}/indices-${group + 1}`,
  analyze: (repository: string, id: string): string => `analyze/${repository}/${id}`,
  cleanup: (repository: string, id: string): string => `cleanup/${repository}/${id}`,
  /** Prefix of the runs of a policy; Temporal adds the time to those that a schedule starts. */
  policyRun: (kind: string, id: string): string => `policy-run/${kind}/${id}`,
  /** Prefix of the retention of one policy, or of all of a kind. */
  retention: (kind: string, id = ''): string => `retention/${kind}/${id}`,
  deleteSnapshots: (repository: string, id: string): string => `delete/${repository}/${id}`,
};

/** Returns the ids of Temporal schedules. */
export const scheduleIds = {
  policy: (kind: string, id: string): string => `snapkeep/${kind}/${id}`,
  retention: (kind: string, id = ''): string => `snapkeep/${kind}-retention/${id}`,
};
