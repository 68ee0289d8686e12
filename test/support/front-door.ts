/** A front door in the test's own process, without Temporal: for what it decides before any job. */
import { type AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { type AppParts, createApp } from '../../src/api/app';
import { createSnapshotService } from '../../src/jobs/snapshot-service';
import { createHttpServer, HTTP_LIMITS, type HttpLimits } from '../../src/process/http/http-server';
import { OpenRepositories } from '../../src/registrations/open-repositories';
import { createSealer } from '../../src/registrations/sealer';

/** A front door in the test's own process. */
export interface FrontDoor {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

export async function startFrontDoor(
  parts: Pick<AppParts, 'cluster' | 'auth'> & {
    readonly allowedHosts?: readonly string[];
    readonly limits?: Partial<HttpLimits>;
  },
): Promise<FrontDoor> {
  const calls = new Set<Promise<unknown>>();
  const connection = countingCalls(Connection.lazy({ address: '127.0.0.1:1' }), calls);
  const policy = { pathRepo: ['/nowhere'], allowedEndpoints: ['loopback'] };
  const sealer = createSealer('a key of sixteen characters');
  const service = createSnapshotService({
    client: new Client({ connection }),
    cluster: { info: () => Promise.reject(new Error('not asked')), ping: () => Promise.resolve() },
    repositories: new OpenRepositories(policy, sealer),
    sealer,
    policy,
    options: { retryWindowMs: 1_000, dataTaskQueue: 'data', searchAttributes: false },
    taskQueue: 'none',
    identity: 'a test',
    slmMinimumIntervalMs: 900_000,
    logger: { warn: () => undefined },
  });
  const { cluster, auth, allowedHosts = [] } = parts;
  const names = { host: '127.0.0.1', allowedHosts };
  const app = createApp({ service, cluster, auth, names, logger: { error: () => undefined } });
  const server = createHttpServer(app, { ...HTTP_LIMITS, ...parts.limits });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      // Attempts go on for a while after nobody waits for them, and break where they find the connection closed.
      while (calls.size > 0) await Promise.allSettled(calls);
      await connection.close();
    },
  };
}

/** Keeps in `calls` the calls of the connection that have not ended, each with all its attempts. */
function countingCalls(connection: Connection, calls: Set<Promise<unknown>>): Connection {
  const service = new Proxy(connection.workflowService, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: unknown[]): unknown => {
        const call: unknown = method.apply(target, args);
        if (!(call instanceof Promise)) return call;
        calls.add(call);
        const ended = (): boolean => calls.delete(call);
        call.then(ended, ended);
        return call;
      };
    },
  });
  return Object.assign(connection, { workflowService: service });
}
