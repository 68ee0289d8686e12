import { OSS_ACCOUNT } from './bucket';
import { cancelMidway } from './cancel';
import { changeOnePercent } from './change';
import { bold, bytes, millis, say } from './console';
import { deleteAndShow } from './delete';
import { killWorkerMidway } from './kill-worker';
import { INDICES, load } from './load';
import { startProgress } from './progress';
import { finishedSnapshot, type SnapshotCost, takeSnapshot } from './snapshot';
import { type ChapterTime, printCosts } from './tables';
import { checkTricky, compareAll } from './verify';
import { restoreProgress, snapshotProgress, watch } from './watch';
import { type World } from './world';

/** Seconds that a throttled copy takes: long enough to be interrupted in its middle on any machine. */
const SLOW_SECONDS = 6;

/** Runs the whole demonstration. Throws if Snapkeep breaks a promise. */
export async function tellStory(world: World, times: ChapterTime[]): Promise<void> {
  const { door, embedded } = world;
  let number = 0;
  const chapter = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    say(bold(`\n${++number}. ${title}`));
    const start = Date.now();
    const result = await work();
    times.push({ title, millis: Date.now() - start });
    return result;
  };
  const account = { endpoint: embedded.ossEndpoint, ...OSS_ACCOUNT };

  const documents = await chapter('Fill a cluster with real documents', () => load(door));

  await chapter('Register a repository', () =>
    door.call('PUT', '/_snapshot/my_backup', { type: 'oss', settings: account }),
  );

  const first = await chapter('The first snapshot copies everything', () =>
    takeSnapshot(world, 'my_backup', 'snapshot_1'),
  );
  const unchanged = await chapter('Another one, with nothing changed since', () =>
    takeSnapshot(world, 'my_backup', 'snapshot_2'),
  );
  const incremental = await chapter('Change 1 % of the documents and take a third', async () => {
    await changeOnePercent(door, documents);
    return takeSnapshot(world, 'my_backup', 'snapshot_3');
  });

  const rate = `${Math.max(64, Math.ceil(first.stored / SLOW_SECONDS / 1024))}kb`;
  await chapter('Cancel a snapshot in the middle', async () => {
    say('  A second repository in the same bucket, throttled, so that there is a middle to meet:');
    await door.call('PUT', '/_snapshot/slow', {
      type: 'oss',
      settings: {
        ...account,
        base_path: 'slow',
        chunk_size: '1mb',
        max_snapshot_bytes_per_sec: rate,
        max_restore_bytes_per_sec: rate,
      },
    });
    await cancelMidway(world, 'slow', 'cancelled');
  });
  await chapter('Kill the worker in the middle of a snapshot', async () => {
    await door.call('PUT', '/_snapshot/slow/survivor');
    await killWorkerMidway(world, 'snapshot', snapshotProgress(door, 'slow', 'survivor'));
    await finishedSnapshot(world, 'slow', 'survivor');
  });
  await chapter('Kill the worker in the middle of a restore', async () => {
    await startRestore(world, 'slow/survivor', 'survived_');
    await killWorkerMidway(world, 'restore', restoreProgress(door, withPrefix('survived_')));
  });
  await chapter('Restore the incremental snapshot under another name', async () => {
    const start = Date.now();
    await startRestore(world, 'my_backup/snapshot_3', 'restored_');
    await watch(restoreProgress(door, withPrefix('restored_')), startProgress(bytes));
    say(`  restored in ${millis(Date.now() - start)}`);
  });
  await chapter('Compare every document with the original', async () => {
    await compareAll(world, ['restored_', 'survived_']);
    say('\n  What other tools are known to change came back as it was sent:');
    await checkTricky(world, 'survived_');
  });
  await chapter('Delete snapshots', async () => {
    await deleteAndShow(world, 'my_backup/snapshot_1');
    await deleteAndShow(world, 'my_backup/snapshot_2,snapshot_3');
    await deleteAndShow(world, 'slow/survivor');
  });

  const about = (cost: SnapshotCost, text: string): SnapshotCost & { about: string } => ({ ...cost, about: text });
  say(bold('\nWhat it cost'));
  printCosts([about(first, 'first'), about(unchanged, 'unchanged'), about(incremental, 'after 1 % changed')]);
}

const withPrefix = (prefix: string): string[] => INDICES.map((index) => `${prefix}${index}`);

async function startRestore({ door }: World, snapshot: string, prefix: string): Promise<void> {
  await door.call('POST', `/_snapshot/${snapshot}/_restore`, {
    indices: INDICES.join(','),
    rename_pattern: '(.+)',
    rename_replacement: `${prefix}$1`,
  });
}
