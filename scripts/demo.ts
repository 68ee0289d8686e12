/**
 * `npm run demo`: starts everything on free ports with its data in a temporary folder, runs the whole demonstration on
 * real data, checks every result, and removes everything again. `--keep` keeps the folder.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bold, green, millis, red, say } from './demo/console';
import { tellStory } from './demo/story';
import { type ChapterTime, printTimes } from './demo/tables';
import { startWorld, type World } from './demo/world';
import { endWithNpm } from './lib/end-with-npm';

async function main(): Promise<void> {
  const keep = process.argv.includes('--keep');
  const dataDir = mkdtempSync(path.join(tmpdir(), 'snapkeep-demo-'));
  const times: ChapterTime[] = [];
  let world: World | undefined;
  const tidyUp = async (): Promise<void> => {
    await world?.stop();
    if (!keep) rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  };
  const start = Date.now();
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      say(`\n${signal}: ending what was started`);
      void tidyUp().finally(() => process.exit(code));
    });
  }
  endWithNpm(() => void tidyUp().finally(() => process.exit(1)));
  try {
    say(bold('Snapkeep: snapshot and restore for Elasticsearch and OpenSearch, on Temporal and OSS'));
    say('Starting an embedded cluster, an OSS server, the Temporal dev server, a worker and the front door …');
    world = await startWorld(dataDir);
    times.push({ title: 'Start everything', millis: Date.now() - start });
    const { embedded } = world;
    say(`  front door ${embedded.url}, in front of the cluster at ${embedded.clusterUrl}`);
    say(`  OSS ${embedded.ossEndpoint}, Temporal UI ${embedded.temporalUiUrl ?? '(none)'}`);
    await tellStory(world, times);
    printTimes(times);
    say(green(bold(`All of it worked, in ${millis(Date.now() - start)}.`)));
    if (keep) say(`Go on with it: SNAPKEEP_DATA_DIR=${dataDir} npm start`);
  } finally {
    await tidyUp();
  }
}

main().catch((error: unknown) => {
  console.error(red(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`));
  process.exitCode = 1;
});
