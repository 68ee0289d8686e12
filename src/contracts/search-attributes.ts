import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common';

/** Search attributes by which jobs are found in the Temporal UI; docs/operations.md says how they are registered. */
const JOB_REPOSITORY = defineSearchAttributeKey('SnapkeepRepository', SearchAttributeType.KEYWORD);
const JOB_SNAPSHOT = defineSearchAttributeKey('SnapkeepSnapshot', SearchAttributeType.KEYWORD);
const JOB_KIND = defineSearchAttributeKey('SnapkeepKind', SearchAttributeType.KEYWORD);
export const JOB_STATE = defineSearchAttributeKey('SnapkeepState', SearchAttributeType.KEYWORD);

export const SEARCH_ATTRIBUTES = [JOB_REPOSITORY, JOB_SNAPSHOT, JOB_KIND, JOB_STATE] as const;

/** What tells a job that starts from others. */
interface StartingJob {
  readonly repository: string;
  /** '' for a job without one. */
  readonly snapshot: string;
  readonly kind: string;
}

/** Returns the search attributes of a job that starts. */
export function startAttributes({ repository, snapshot, kind }: StartingJob): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: JOB_REPOSITORY, value: repository },
    ...(snapshot === '' ? [] : [{ key: JOB_SNAPSHOT, value: snapshot }]),
    { key: JOB_KIND, value: kind },
    { key: JOB_STATE, value: 'STARTED' },
  ]);
}
