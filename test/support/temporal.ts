/**
 * One Temporal dev server for a whole jest run: started by temporal-setup.ts without waiting for it, so that tests
 * which need none don't pay for it. Each test file uses a task queue of its own.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { waitForTemporal } from '../../packages/temporal-dev-server/src';

export const ADDRESS_VARIABLE = 'SNAPKEEP_TEST_TEMPORAL_ADDRESS';
export const PROBLEM_VARIABLE = 'SNAPKEEP_TEST_TEMPORAL_PROBLEM';

export interface TestTemporal {
  /** `host:port` */
  readonly address: string;
  readonly namespace: 'default';
  /** Differs for every call: no test sees another's tasks. */
  readonly taskQueue: string;
  /** For starting and asking workflows. */
  readonly client: Client;
  /** For `Worker.create`. */
  readonly nativeConnection: NativeConnection;
  /** Closes both connections; the server goes on for the other tests. */
  close(): Promise<void>;
}

/** The address of the run's server, once it answers. Throws saying why there is none. */
export async function temporalAddress(): Promise<string> {
  const address = process.env[ADDRESS_VARIABLE];
  if (address === undefined) throw new Error(process.env[PROBLEM_VARIABLE] ?? 'jest was started without its setup');
  await waitForTemporal(address, { namespace: 'default', timeoutMs: 60_000 });
  return address;
}

/** Connects to the run's server. Call in `beforeAll`, and `close` in `afterAll` after the workers have stopped. */
export async function connectTestTemporal(): Promise<TestTemporal> {
  const address = await temporalAddress();
  const connection = await Connection.connect({ address });
  const nativeConnection = await NativeConnection.connect({ address });
  return {
    address,
    namespace: 'default',
    taskQueue: `test-${randomUUID()}`,
    client: new Client({ connection }),
    nativeConnection,
    close: async () => {
      await connection.close();
      await nativeConnection.close();
    },
  };
}
