/**
 * Records a history of every workflow, one per path, from real runs on the embedded parts:
 *
 *     npm run build && node -r ./test/support/typescript-hook.cjs test/replay/record.ts
 *
 * Files are named after the path. Paths that only faults lead to are recorded by the tests in test/workflows, with
 * SNAPKEEP_RECORD_HISTORIES=true. Record again only what a deliberate, patched change of a workflow makes unreplayable.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { workflowIds } from '../../src/contracts/workflow-ids';
import { type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

const FOLDER = path.join(__dirname, 'histories');

async function main(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const snapkeep = await startSnapkeep();
  const connection = await Connection.connect({ address: snapkeep.temporal.address });
  const client = new Client({ connection });
  const save = async (file: string, workflowId: string): Promise<void> => {
    const history = await client.workflow.getHandle(workflowId).fetchHistory();
    writeFileSync(path.join(FOLDER, `${file}.json`), `${historyToJSON(history)}\n`);
    console.log(`${file}: ${history.events?.length ?? 0} events`);
  };
  try {
    await run(snapkeep, save, client);
  } finally {
    await connection.close();
    await snapkeep.stop();
  }
}

async function run(
  { call, ossSettings }: RunningSnapkeep,
  save: (file: string, workflowId: string) => Promise<void>,
  client: Client,
): Promise<void> {
  const wait = '?wait_for_completion=true';
  const register = (name: string, more: object = {}) =>
    call('PUT', `/_snapshot/${name}`, { type: 'oss', settings: { ...ossSettings('replay'), ...more } });
  await register('r');
  await register('slow', { max_snapshot_bytes_per_sec: '50kb', max_restore_bytes_per_sec: '200kb' });
  await fill(call, 'small', 1, 200, 100);
  await fill(call, 'large', 2, 40_000, 1_200);

  await call('PUT', `/_snapshot/r/small${wait}`, { indices: 'small' });
  await save('create-snapshot-small', workflowIds.snapshot('r', 'small'));
  await call('PUT', `/_snapshot/r/unchanged${wait}`, { indices: 'small' });
  await save('create-snapshot-unchanged', workflowIds.snapshot('r', 'unchanged'));
  await call('PUT', '/_snapshot/r/small', { indices: 'small' });
  await save('create-snapshot-name-in-use', workflowIds.snapshot('r', 'small'));
  await call('PUT', `/_snapshot/r/large${wait}`, { indices: 'large' });
  await save('create-snapshot-large', workflowIds.snapshot('r', 'large'));
  for await (const one of client.workflow.list({ query: 'WorkflowType="copyShardGroupWorkflow"' })) {
    await save('copy-shard-group', one.workflowId);
    break;
  }

  await fill(call, 'other', 1, 20_000, 1_000);
  await call('PUT', '/_snapshot/slow/cancelled', { indices: 'other' });
  await call('PUT', '/_snapshot/slow/queued', { indices: 'other' });
  await call('DELETE', '/_snapshot/slow/cancelled');
  await save('create-snapshot-cancelled', workflowIds.snapshot('slow', 'cancelled'));
  await call('DELETE', '/_snapshot/slow/queued');
  await save('create-snapshot-queued-and-cancelled', workflowIds.snapshot('slow', 'queued'));

  const rename = (target: string) => ({ rename_pattern: '.+', rename_replacement: target });
  await call('POST', `/_snapshot/r/small/_restore${wait}`, { indices: 'small', ...rename('restored-small') });
  await call('POST', `/_snapshot/r/large/_restore${wait}`, { indices: 'large', ...rename('restored-large') });
  // More indices than a restore keeps in its own workflow.
  for (let i = 0; i < 9; i++) await fill(call, `many-${i}`, 1, 10, 50);
  await call('PUT', `/_snapshot/r/many${wait}`, { indices: 'many-*' });
  await call('POST', `/_snapshot/r/many/_restore${wait}`, { rename_pattern: 'many', rename_replacement: 'restored' });
  await call('POST', '/_snapshot/slow/large/_restore', { indices: 'large', ...rename('stopped') });
  await until(
    () => call('HEAD', '/stopped'),
    ({ status }) => status === 200,
  );
  await call('DELETE', '/stopped');
  let restores = 0;
  for await (const one of client.workflow.list({
    query: 'WorkflowType="restoreSnapshotWorkflow"',
  })) {
    await save(`restore-snapshot-${++restores}`, one.workflowId);
  }
  for await (const one of client.workflow.list({ query: 'WorkflowType="restoreGroupWorkflow"' })) {
    await save('restore-group', one.workflowId);
    break;
  }
  for (const name of ['clone', 'clone-refused']) {
    await call('PUT', `/_snapshot/r/small/_clone/${name}`, { indices: name === 'clone' ? '*' : 'missing' });
    await save(`clone-snapshot${name.slice(5)}`, workflowIds.snapshot('r', name));
  }
  await call('DELETE', '/_snapshot/r/unchanged');
  for await (const one of client.workflow.list({ query: 'WorkflowType="deleteSnapshotsWorkflow"' })) {
    await save('delete-snapshots', one.workflowId);
    break;
  }
  await call('POST', '/_snapshot/r/_cleanup');
  for (const [file, type] of [
    ['cleanup-repository', 'cleanupRepositoryWorkflow'],
    ['repository', 'repositoryWorkflow'],
    ['sweep-repository', 'sweepRepositoryWorkflow'],
  ]) {
    for await (const one of client.workflow.list({ query: `WorkflowType="${type}"` })) {
      await save(file, one.workflowId);
      break;
    }
  }
  await save('repositories', 'repositories');

  const policy = { schedule: '1h', name: 'by-policy', repository: 'r', config: { indices: 'small' } };
  await call('PUT', '/_slm/policy/p', { ...policy, retention: { max_count: 1 } });
  const stats = async () => (await call('GET', '/_slm/stats')).json;
  for (let taken = 1; taken <= 2; taken++) {
    await call('POST', '/_slm/policy/p/_execute');
    await until(stats, (json) => json.total_snapshots_taken === taken);
  }
  await call('POST', '/_slm/_execute_retention');
  await until(stats, (json) => json.total_snapshots_deleted === 1);
  await call('PUT', '/_slm/policy/p', { ...policy, schedule: '2h' });
  await call('DELETE', '/_slm/policy/p');
  for (const [file, type] of [
    ['run-policy', 'runPolicyWorkflow'],
    ['retain-snapshots', 'retainSnapshotsWorkflow'],
  ]) {
    for await (const one of client.workflow.list({ query: `WorkflowType="${type}"` })) {
      await save(file, one.workflowId);
      break;
    }
  }
  await save('policies', 'policies');
}

async function fill(
  call: RunningSnapkeep['call'],
  index: string,
  shards: number,
  documents: number,
  bytes: number,
): Promise<void> {
  await call('PUT', `/${index}`, { settings: { number_of_shards: shards, number_of_replicas: 0 } });
  for (let from = 0; from < documents; from += 5_000) {
    const lines: string[] = [];
    for (let i = from; i < Math.min(documents, from + 5_000); i++) {
      let noise = '';
      for (let k = 0; noise.length < bytes; k++) noise += ((i * 2654435761 + k * 40503) >>> 0).toString(36);
      lines.push(`{"index":{"_id":"${i}"}}\n{"n":${i},"noise":"${noise.slice(0, bytes)}"}\n`);
    }
    await call('POST', `/${index}/_bulk`, lines.join(''), { 'content-type': 'application/x-ndjson' });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
