#!/usr/bin/env node
import { Command, Option } from 'commander';
import { createLogger } from '../process/logging';
import { type Role, serve } from '../process/serve';
import { readSettings, SettingsError } from '../process/settings';

const program = new Command('snapkeep').description('Durable snapshots of Elasticsearch and OpenSearch.');

program
  .command('serve')
  .description('run the front door, a worker, or both, against an outside cluster and Temporal server')
  .addOption(new Option('--role <role>', 'what to run').choices(['all', 'api', 'worker']).default('all'))
  .action(async ({ role }: { role: Role }) => {
    const settings = readSettings();
    const logger = createLogger(settings.logLevel, role);
    const serving = await serve(settings, role, logger);
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      void serving.stop().finally(() => process.exit(0));
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
    exitWithStarter(stop);
    if (serving.url !== undefined) console.log(`snapkeep listens at ${serving.url}`);
  });

/** Stops this process when its starter ends, which closes the other end of the pipe on standard input. */
function exitWithStarter(stop: () => void): void {
  if (process.env.SNAPKEEP_EXIT_WITH_STARTER !== 'true') return;
  process.stdin.on('end', stop).on('error', stop).resume();
}

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof SettingsError ? `snapkeep: ${error.message}` : error);
  process.exit(1);
});
