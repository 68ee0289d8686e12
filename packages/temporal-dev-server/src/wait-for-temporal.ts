import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';

interface WaitOptions {
  readonly namespace: string;
  readonly timeoutMs: number;
  /** Tells that waiting is pointless. */
  readonly gone?: () => boolean;
  /** What the server said, for the error's message. */
  readonly reason?: () => string;
}

/** Waits until the server at `address` answers and knows the namespace; throws when it never does. */
export async function waitForTemporal(address: string, options: WaitOptions): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  for (let last: unknown; ;) {
    if (options.gone?.() === true || Date.now() > deadline) {
      const said = options.reason?.() ?? '';
      throw new Error(`the Temporal server at [${address}] did not start${said === '' ? '' : `: ${said}`}`, {
        cause: last,
      });
    }
    try {
      await knock(address);
      const connection = await Connection.connect({ address, connectTimeout: 2_000 });
      try {
        await connection.withDeadline(Date.now() + 2_000, () =>
          connection.workflowService.describeNamespace({ namespace: options.namespace }),
        );
        return;
      } finally {
        await connection.close();
      }
    } catch (error) {
      last = error;
      await sleep(50);
    }
  }
}

/** Resolves when something accepts connections there: gRPC would wait a second after each refused one. */
function knock(address: string): Promise<void> {
  const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port), timeout: 2_000 });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error(`no connection to [${address}] in time`)));
    socket.once('error', reject);
  });
}
