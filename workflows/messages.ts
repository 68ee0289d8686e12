/** Names and types of every signal, query and update. Clients import this module alone. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { type GroupStatus, type IndexRecovery, type RestoreStatus, type SnapshotStatus } from '../src/contracts/jobs';
import { type BeginJobResult, type LedgerJob } from '../src/contracts/ledger';
import {
  type NewRegistration,
  type Registration,
  type VerifiedStore,
  type VerifyRegistration,
} from '../src/contracts/registration';

// Every job.
/** What `_status` and `_recovery` show of a job. */
export const snapshotStatusQuery = defineQuery<SnapshotStatus>('getStatus');
export const groupStatusQuery = defineQuery<GroupStatus>('getStatus');
export const restoreStatusQuery = defineQuery<RestoreStatus>('getStatus');
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
/** A worker tries the store; nothing is kept. */
export const verifyRepositoryUpdate = defineUpdate<VerifiedStore, [VerifyRegistration]>('verifyRepository');
export const putRepositoryUpdate = defineUpdate<Registration, [NewRegistration]>('putRepository');
export const deleteRepositoryUpdate = defineUpdate<boolean, [string]>('deleteRepository');
/** Answered by any worker: proof that one is there. */
export const pingQuery = defineQuery<boolean>('ping');

// repositoryWorkflow: who works on one repository.
/** Several at once, in their order: a burst of jobs costs the ledger one step. */
export const beginJobsUpdate = defineUpdate<readonly BeginJobResult[], [readonly LedgerJob[]]>('beginJobs');
export const endJobSignal = defineSignal<[{ workflowId: string }]>('endJob');
