/** `npm start`: runs everything on this machine, until stopped. */
import { startEmbedded } from '../src/process/embedded';
import { readSettings } from '../src/process/settings';
import { endWithNpm } from './lib/end-with-npm';

async function main(): Promise<void> {
  const settings = readSettings();
  // Still starting: what was started ends with this process.
  let stop = (): void => process.exit(1);
  endWithNpm(() => stop());
  const embedded = await startEmbedded(settings);
  stop = () => {
    void embedded.stop().then(() => process.exit(0));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  console.log(`snapkeep is ready at ${embedded.url}

  cluster      ${embedded.clusterUrl}
  OSS          ${embedded.ossEndpoint}  bucket snapshots, access key snapkeep, secret snapkeep-secret, region oss-cn-hangzhou
  Temporal     ${embedded.temporalAddress}${embedded.temporalUiUrl === undefined ? '' : `, UI ${embedded.temporalUiUrl}`}
  data         ${settings.dataDir}

Try it:
  curl -X PUT ${embedded.url}/_snapshot/my_backup -H 'content-type: application/json' -d '{"type":"oss","settings":{"endpoint":"${embedded.ossEndpoint}","access_key_id":"snapkeep","secret_access_key":"snapkeep-secret","bucket":"snapshots","region":"oss-cn-hangzhou"}}'
  curl -X PUT '${embedded.url}/_snapshot/my_backup/snapshot_1?wait_for_completion=true'
  curl '${embedded.url}/_snapshot/my_backup/_all?pretty'
`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
