/** Names and types of every signal, query and update. Clients import this module alone. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import {
  type BeginJobResult,
  type GroupStatus,
  type IndexRecovery,
  type RepositoryJobs,
  type RestoreStatus,
  type RunningJob,
  type SnapshotStatus,
} from '../src/contracts/jobs';
import { type PutRegistration, type Registration } from '../src/contracts/registration';

// Every job.
/** What `_status` and `_recovery` show of a job. */
export const snapshotStatusQuery = defineQuery<SnapshotStatus>('getStatus');
export const groupStatusQuery = defineQuery<GroupStatus>('getStatus');
/** The argument is `next` of the answer before. */
export const restoreStatusQuery = defineQuery<RestoreStatus, [number?]>('getStatus');
export const restoreGroupStatusQuery = defineQuery<readonly IndexRecovery[]>('getStatus');
/** Answers once the job is under way, or fails with the reason why it can't be. */
export const acceptedUpdate = defineUpdate<void>('accepted');
/** Sent by `repositoryWorkflow`: the jobs that came earlier and stood in the way have ended. */
export const jobGrantedSignal = defineSignal('jobGranted');

/** Stops a running snapshot and rolls it back; the same as cancelling the workflow. */
export const cancelSnapshotSignal = defineSignal('cancelSnapshot');
/** Stops the restore of one index and deletes what it wrote. */
export const cancelIndexRestoreSignal = defineSignal<[{ index: string }]>('cancelIndexRestore');

// repositoriesWorkflow: the registrations.
export const putRepositoryUpdate = defineUpdate<Registration, [PutRegistration]>('putRepository');
export const deleteRepositoryUpdate = defineUpdate<boolean, [string]>('deleteRepository');
export const repositoriesQuery = defineQuery<Registration[]>('getRepositories');

// repositoryWorkflow: who works on one repository.
export const beginJobUpdate = defineUpdate<BeginJobResult, [RunningJob]>('beginJob');
export const endJobSignal = defineSignal<[{ workflowId: string }]>('endJob');
export const repositoryJobsQuery = defineQuery<RepositoryJobs>('getJobs');
