import type { AddressInfo } from 'node:net';
import { Cluster, type ClusterOptions } from './cluster';
import { type Route, Router } from './http/router';
import { createHttpServer } from './http/server';
import { aliasRoutes } from './routes/aliases';
import { bulkRoutes } from './routes/bulk';
import { catRoutes } from './routes/cat';
import { type Address, clusterInfoRoutes } from './routes/cluster-info';
import { documentRoutes } from './routes/documents';
import { globalStateRoutes } from './routes/global-state';
import { indexRoutes } from './routes/indices';
import { mappingAndSettingRoutes } from './routes/mappings-settings';
import { searchRoutes } from './routes/search';
import { statsRoutes } from './routes/stats';

export interface EmbeddedClusterOptions extends Omit<ClusterOptions, 'folder'> {
  /** Folder of the data; made if missing. One process at a time. */
  readonly dataDir: string;
  /** Port to listen on; 0 picks a free one. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
}

export interface EmbeddedCluster {
  readonly port: number;
  readonly url: string;
  /** Background work now instead of when it is due: removes what no view needs. For tests. */
  maintain(): Promise<void>;
  /** Stops listening, waits for writes under way, closes the files. */
  close(): Promise<void>;
}

/**
 * Starts a small Elasticsearch on `dataDir`, for trying Snapkeep without a cluster. It is not a replacement for one: no
 * analysis, no relevance, one node. Every acknowledged write is on disk.
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { dataDir, port, host = '127.0.0.1', ...others } = options;
  const cluster = await Cluster.open({ folder: dataDir, ...others });
  const address: Address = { host, port };
  const server = createHttpServer(new Router(allRoutes(cluster, address)), (error) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`embedded cluster: ${text}\n`);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    await cluster.close();
    throw error;
  }
  address.port = (server.address() as AddressInfo).port;
  return {
    port: address.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`,
    maintain: () => cluster.maintain(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // Requests under way get a moment to finish; keep-alive connections must not hold the end up.
      const cutOff = setTimeout(() => server.closeAllConnections(), 2_000);
      await closed;
      clearTimeout(cutOff);
      await cluster.close();
    },
  };
}

function allRoutes(cluster: Cluster, address: Address): Route[] {
  return [
    ...clusterInfoRoutes(cluster, address),
    ...globalStateRoutes(cluster),
    ...catRoutes(cluster, address),
    ...indexRoutes(cluster),
    ...mappingAndSettingRoutes(cluster),
    ...aliasRoutes(cluster),
    ...bulkRoutes(cluster),
    ...documentRoutes(cluster),
    ...searchRoutes(cluster),
    ...statsRoutes(cluster, address),
  ];
}
