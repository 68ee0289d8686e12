/** jest's globalSetup: starts the Temporal dev server of the run, in memory, and tells the tests where it is. */
import { temporalBinary, temporalDevServerArgs, temporalDevServerEnv } from '../../packages/temporal-dev-server/src';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/search-attributes';
import { freePort } from './ports';
import { type StartedProcess, startProcess } from './processes';
import { ADDRESS_VARIABLE, PROBLEM_VARIABLE } from './temporal';

/** How the teardown finds what the setup started; jest runs both in one process. */
export interface RunGlobals {
  snapkeepTestTemporal?: StartedProcess;
}

export default async function setup(): Promise<void> {
  if (process.env.TEMPORAL_ADDRESS) {
    process.env[ADDRESS_VARIABLE] = process.env.TEMPORAL_ADDRESS;
    return;
  }
  try {
    const port = await freePort();
    const binary = await temporalBinary();
    const args = temporalDevServerArgs({ binary, port, searchAttributes: SEARCH_ATTRIBUTES.map(({ name }) => name) });
    const server = await startProcess(binary, args, { name: 'temporal', env: temporalDevServerEnv() });
    (globalThis as RunGlobals).snapkeepTestTemporal = server;
    process.env[ADDRESS_VARIABLE] = `127.0.0.1:${port}`;
  } catch (error) {
    // Only the tests that need Temporal fail, each with the reason.
    process.env[PROBLEM_VARIABLE] = `there is no Temporal dev server: ${(error as Error).message}`;
  }
}
