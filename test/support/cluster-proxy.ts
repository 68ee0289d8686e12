import { createServer, request as send, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

/** What a proxy may do about a request: change its body, or answer itself. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  body: string;
}

export interface ClusterProxy {
  readonly url: string;
  /** Called before a request goes on; what it returns is the answer, else the cluster answers. */
  intercept: (request: ProxiedRequest) => Promise<{ status: number; body: string } | undefined>;
  /** Changes what the cluster answers. */
  change: (request: ProxiedRequest, answer: string) => string;
  stop(): Promise<void>;
}

/** Stands between Snapkeep and a cluster, to see what is asked and to answer otherwise. For small bodies. */
export async function startClusterProxy(clusterUrl: () => string): Promise<ClusterProxy> {
  const server: Server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const seen = {
        method: incoming.method ?? 'GET',
        target: incoming.url ?? '/',
        body: Buffer.concat(chunks).toString('latin1'),
      };
      void (async () => {
        const own = await proxy.intercept(seen);
        if (own !== undefined) {
          outgoing.writeHead(own.status, { 'content-type': 'application/json' }).end(own.body);
          return;
        }
        const { 'content-length': _, 'transfer-encoding': __, ...headers } = incoming.headers;
        const body = Buffer.from(seen.body, 'latin1');
        const passed = send(
          clusterUrl() + seen.target,
          { method: seen.method, headers: { ...headers, 'content-length': body.length } },
          (answer) => {
            const parts: Buffer[] = [];
            answer.on('data', (part: Buffer) => parts.push(part));
            answer.on('end', () => {
              const text = proxy.change(seen, Buffer.concat(parts).toString('latin1'));
              const type = answer.headers['content-type'];
              outgoing.writeHead(answer.statusCode ?? 502, type === undefined ? {} : { 'content-type': type });
              outgoing.end(Buffer.from(text, 'latin1'));
            });
          },
        );
        passed.on('error', () => outgoing.destroy());
        passed.end(body);
      })();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: ClusterProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    intercept: async () => undefined,
    change: (_, answer) => answer,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
