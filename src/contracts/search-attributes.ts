import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Search attributes by which jobs are found in the Temporal UI; docs/operations.md says how they are registered. */
export const JOB_REPOSITORY = defineSearchAttributeKey('SnapkeepRepository', SearchAttributeType.KEYWORD);
export const JOB_SNAPSHOT = defineSearchAttributeKey('SnapkeepSnapshot', SearchAttributeType.KEYWORD);
export const JOB_KIND = defineSearchAttributeKey('SnapkeepKind', SearchAttributeType.KEYWORD);
export const JOB_STATE = defineSearchAttributeKey('SnapkeepState', SearchAttributeType.KEYWORD);

export const SEARCH_ATTRIBUTES = [JOB_REPOSITORY, JOB_SNAPSHOT, JOB_KIND, JOB_STATE] as const;
