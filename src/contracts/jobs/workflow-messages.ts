/** Names and types of every signal, query and update. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { type NewRegistration, type Registration, type VerifiedStore, type VerifyRegistration } from '../registration';
import { type GroupStatus } from './copy';
import { type BeginJobResult, type BeginJobs, type EndJob, type SweepRequest } from './ledger';
import { type Policy, type PolicyKey, type PutPolicy, type RetentionEnded, type RunEnded } from './policy';
import { type IndexRecovery, type RestoreStatus } from './recovery';
import { type SnapshotStatus } from './snapshot';

// Every job.
/** Returns the status of a job for `_status` and `_recovery`. */
export const snapshotStatusQuery = defineQuery<SnapshotStatus>('getStatus');
export const groupStatusQuery = defineQuery<GroupStatus>('getStatus');
/** Returns a part of a restore's status. The argument is `next` of the previous answer, or 0. */
export const restoreStatusQuery = defineQuery<RestoreStatus, [number]>('getStatus');
export const restoreGroupStatusQuery = defineQuery<readonly IndexRecovery[]>('getStatus');
/** Answers when the job is accepted, or fails with the reason for which it is refused. */
export const acceptedUpdate = defineUpdate<void>('accepted');
/** Sent by `repositoryWorkflow` when the earlier jobs that the job waits for have ended. */
export const jobGrantedSignal = defineSignal('jobGranted');

/** Stops a running snapshot and rolls it back, as a cancellation of the workflow does. */
export const cancelSnapshotSignal = defineSignal('cancelSnapshot');
/** Stops the restore of one index and deletes what it wrote. */
export const cancelIndexRestoreSignal = defineSignal<[{ index: string }]>('cancelIndexRestore');

// repositoriesWorkflow keeps the registrations.
/** Makes a worker check a store. Registers nothing. Returns undefined if the worker asked for does not poll. */
export const verifyRepositoryUpdate = defineUpdate<VerifiedStore | undefined, [VerifyRegistration]>('verifyRepository');
export const putRepositoryUpdate = defineUpdate<Registration, [NewRegistration]>('putRepository');
export const deleteRepositoryUpdate = defineUpdate<boolean, [string]>('deleteRepository');
/** Proves that a worker is up, because any worker answers it. */
export const pingQuery = defineQuery<boolean>('ping');

// repositoryWorkflow keeps the ledger of one place.
/** Enters several jobs, in their order, so that a burst of jobs costs the ledger one step. */
export const beginJobsUpdate = defineUpdate<readonly BeginJobResult[], [BeginJobs]>('beginJobs');
export const endJobSignal = defineSignal<[EndJob]>('endJob');
/** Sent by a job that removed snapshots; answered by {@link sweptSignal}. */
export const requestSweepSignal = defineSignal<[SweepRequest]>('requestSweep');
/** Reports the end of a requested sweep. False: other jobs run, and the sweep may have to wait for them. */
export const sweptSignal = defineSignal<[{ swept: boolean }]>('swept');
/** Sent when the last registration of the place is deleted. The ledger ends after its last job. */
export const retireSignal = defineSignal('retire');

// Between a ledger and its sweep.
export const markWantedSignal = defineSignal('markWanted');
/** Allows the sweep to mark every removed snapshot but these. No job begins until {@link markEndedSignal}. */
export const markGrantedSignal = defineSignal<[{ inUse: readonly string[] }]>('markGranted');
export const markEndedSignal = defineSignal('markEnded');
export const sweepEndedSignal =
  defineSignal<[{ left: number; rolledBack: readonly string[]; failed: boolean }]>('sweepEnded');

// policiesWorkflow keeps the policies.
/** Keeps a policy and brings its schedules about. Answers when both is done. */
export const putPolicyUpdate = defineUpdate<Policy, [PutPolicy]>('putPolicy');
/** Returns the policy that was deleted; undefined if it was not there. */
export const deletePolicyUpdate = defineUpdate<Policy | undefined, [PolicyKey]>('deletePolicy');
/** Pauses or resumes one policy, without a new version. Returns whether it is there. */
export const enablePolicyUpdate = defineUpdate<boolean, [PolicyKey & { enabled: boolean }]>('enablePolicy');
/** Pauses or resumes all SLM policies and their retention. */
export const runSlmUpdate = defineUpdate<void, [{ running: boolean }]>('runSlm');
export const runEndedSignal = defineSignal<[RunEnded]>('runEnded');
export const retentionEndedSignal = defineSignal<[RetentionEnded]>('retentionEnded');
