/** Exports every workflow that a worker serves. */
export { analyzeRepositoryWorkflow } from './analyze-repository';
export { cleanupRepositoryWorkflow } from './cleanup-repository';
export { cloneSnapshotWorkflow } from './clone-snapshot';
export { copyShardGroupWorkflow } from './copy-shard-group';
export { createSnapshotWorkflow } from './create-snapshot';
export { deleteSnapshotsWorkflow } from './delete-snapshots';
export { policiesWorkflow } from './policies';
export { repositoriesWorkflow } from './registrations';
export { repositoryWorkflow } from './repository-ledger';
export { restoreGroupWorkflow } from './restore-group';
export { restoreSnapshotWorkflow } from './restore-snapshot';
export { retainSnapshotsWorkflow } from './retain-snapshots';
export { runPolicyWorkflow } from './run-policy';
export { sweepRepositoryWorkflow } from './sweep-repository';
