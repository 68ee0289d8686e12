import { type Embedded, startEmbedded } from '../../src/process/embedded';
import { readSettings } from '../../src/process/settings';
import { FrontDoor } from './front-door';
import { type Meter, startMeter } from './meter';

/** All processes of the demo: Snapkeep and what it needs. */
export interface World {
  readonly embedded: Embedded;
  readonly door: FrontDoor;
  /** Counts the bytes between the worker and the cluster. */
  readonly meter: Meter;
  /** Ends every process. */
  stop(): Promise<void>;
}

/**
 * Starts everything on free ports with all data under `dataDir`. Ignores the settings of the shell, because the demo
 * must never use a real cluster, bucket or Temporal server.
 */
export async function startWorld(dataDir: string): Promise<World> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(SNAPKEEP|TEMPORAL)_/.test(name) || name === 'SNAPKEEP_LOG_PARTS',
  );
  const env = {
    ...Object.fromEntries(kept),
    SNAPKEEP_DATA_DIR: dataDir,
    SNAPKEEP_HTTP_PORT: '0',
    SNAPKEEP_EMBEDDED_CLUSTER_PORT: '0',
    SNAPKEEP_EMBEDDED_OSS_PORT: '0',
    SNAPKEEP_TEMPORAL_PORT: '0',
    SNAPKEEP_TEMPORAL_UI_PORT: '0',
  };
  let meter: Meter | undefined;
  try {
    const embedded = await startEmbedded(readSettings(env), env, {
      workerClusterUrl: async (url) => (meter = await startMeter(url)).url,
    });
    const door = new FrontDoor(embedded.url);
    const stop = async (): Promise<void> => {
      await door.close();
      await embedded.stop();
      meter?.close();
    };
    return { embedded, door, meter: meter!, stop };
  } catch (error) {
    meter?.close();
    throw error;
  }
}
