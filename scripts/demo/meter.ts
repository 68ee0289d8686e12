import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A proxy that counts bytes. */
export interface Meter {
  /** The address to connect to instead. */
  readonly url: string;
  /** Returns the bytes received from the other side so far. */
  received(): number;
  close(): void;
}

/** Proxies connections to `url` and counts the bytes that come back, so that the demo knows what a snapshot reads. */
export async function startMeter(url: string): Promise<Meter> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let received = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: hostname, port: Number(port), noDelay: true });
    upstream.on('data', (chunk: Buffer) => (received += chunk.length));
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy()).on('close', () => (sockets.delete(one), other.destroy()));
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => received,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
