import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type Cluster, openCluster } from '../../src/cluster/cluster';

let server: Server;
let cluster: Cluster;
/** Active primaries of the two shards of each index. */
const primaries = new Map<string, number>();

beforeAll(async () => {
  server = createServer((request, response) => {
    const isHealth = request.url!.startsWith('/_cluster/health/');
    // As clusters say of an index whose primaries start for the first time.
    const indices = [...primaries].map(([name, active]) => [
      name,
      { status: 'yellow', number_of_shards: 2, active_primary_shards: active },
    ]);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isHealth ? { status: 'yellow', indices: Object.fromEntries(indices) } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cluster = openCluster({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});

afterAll(async () => {
  await cluster.close();
  await new Promise((resolve) => server.close(resolve));
});

test('an index is waited for until all its primaries are active, though its status is yellow before', async () => {
  primaries.set('logs', 1);
  expect(await cluster.waitingFor('logs')).toContain('a primary shard of [logs] is not active');
  primaries.set('logs', 2);
  expect(await cluster.waitingFor('logs')).toBeUndefined();
});
