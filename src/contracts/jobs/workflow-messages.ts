/** Names and types of every signal, query and update. Clients import this module alone. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { type NewRegistration, type Registration, type VerifiedStore, type VerifyRegistration } from '../registration';
import { type GroupStatus } from './copy';
import { type BeginJobResult, type BeginJobs, type EndJob, type SweepRequest } from './ledger';
import { type IndexRecovery, type RestoreStatus } from './recovery';
import { type SnapshotStatus } from './snapshot';

// Every job.
/** What `_status` and `_recovery` show of a job. */
export const snapshotStatusQuery = defineQuery<SnapshotStatus>('getStatus');
export const groupStatusQuery = defineQuery<GroupStatus>('getStatus');
/** The argument is `next` of the answer before. */
export const restoreStatusQuery = defineQuery<RestoreStatus, [number]>('getStatus');
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

// repositoryWorkflow: who works on one place.
/** Several at once, in their order: a burst of jobs costs the ledger one step. */
export const beginJobsUpdate = defineUpdate<readonly BeginJobResult[], [BeginJobs]>('beginJobs');
export const endJobSignal = defineSignal<[EndJob]>('endJob');
/** Sent by who removed snapshots; answered by {@link sweptSignal}. */
export const requestSweepSignal = defineSignal<[SweepRequest]>('requestSweep');
/** False: other jobs are running, and the sweep may have to wait for them. */
export const sweptSignal = defineSignal<[{ swept: boolean }]>('swept');
/** Sent when the last registration of the place is gone: the ledger ends once nobody works. */
export const retireSignal = defineSignal('retire');

// Between a ledger and its sweep.
export const markWantedSignal = defineSignal('markWanted');
/** The sweep may mark every removed snapshot but these, and no job begins until it says that it has. */
export const markGrantedSignal = defineSignal<[{ inUse: readonly string[] }]>('markGranted');
export const markEndedSignal = defineSignal('markEnded');
export const sweepEndedSignal =
  defineSignal<[{ left: number; rolledBack: readonly string[]; failed: boolean }]>('sweepEnded');
