import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { startTemporalDevServer, temporalBinary, type TemporalDevServer, type TemporalDevServerOptions } from '../src';

const COLOUR = defineSearchAttributeKey('TestColour', SearchAttributeType.KEYWORD);
const SHAPE = defineSearchAttributeKey('TestShape', SearchAttributeType.KEYWORD);

let binary: string;
let folder: string;
const running: TemporalDevServer[] = [];

async function start(options: Partial<TemporalDevServerOptions> = {}): Promise<TemporalDevServer> {
  const server = await startTemporalDevServer({ binary, dataFile: join(folder, 'temporal.db'), ...options });
  running.push(server);
  return server;
}

async function withClient<T>(server: TemporalDevServer, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

beforeAll(async () => {
  binary = await temporalBinary();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapkeep-temporal-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const order = { taskQueue: 'nobody-polls', workflowId: 'waiting', args: [] };

test('a workflow started before the server was killed is still running after it is back', async () => {
  const first = await start({ uiPort: false });
  await withClient(first, (client) => client.workflow.start('anyWorkflow', order));
  process.kill(first.pid, 'SIGKILL');
  await first.exited;

  const second = await start({ port: Number(first.address.split(':')[1]), uiPort: false });
  expect(second.address).toBe(first.address);
  const description = await withClient(second, (client) => client.workflow.getHandle('waiting').describe());
  expect(description.status.name).toBe('RUNNING');
});

test('workflows can be found by the search attributes that were named, after a restart too', async () => {
  const searchAttributes = [COLOUR.name, SHAPE.name];
  const first = await start({ uiPort: false, searchAttributes });
  await withClient(first, (client) =>
    client.workflow.start('anyWorkflow', {
      ...order,
      typedSearchAttributes: [
        { key: COLOUR, value: 'red' },
        { key: SHAPE, value: 'round' },
      ],
    }),
  );
  await first.stop();
  const second = await start({ uiPort: false, searchAttributes });
  const found = await withClient(second, async (client) => {
    const ids: string[] = [];
    const query = `${COLOUR.name} = 'red' AND ${SHAPE.name} = 'round'`;
    for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
    return ids;
  });
  expect(found).toEqual(['waiting']);
});

test('a server left behind on the same data file is ended before the next one starts', async () => {
  const orphan = await start({ uiPort: false });
  const next = await start({ uiPort: false });
  await orphan.exited;
  expect(next.pid).not.toBe(orphan.pid);
  await withClient(next, (client) => client.workflow.start('anyWorkflow', order));
});

test('the web UI answers at its URL', async () => {
  const server = await start();
  const response = await fetch(server.uiUrl!);
  expect(response.status).toBe(200);
  expect(await response.text()).toMatch(/<html/i);
});

test('stop leaves no process', async () => {
  const server = await start({ uiPort: false });
  await server.stop();
  expect(() => process.kill(server.pid, 0)).toThrow(/ESRCH/);
  await server.stop();
});

test('a port that is taken is named in the error, and whoever holds it is not mistaken for the server', async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  try {
    const { port } = taken.address() as AddressInfo;
    await expect(start({ port, uiPort: false })).rejects.toThrow(`port [${port}] for the Temporal dev server is taken`);
  } finally {
    await new Promise((done) => taken.close(done));
  }
});

test('a missing binary fails at once', async () => {
  const options = { binary: join(folder, 'none'), uiPort: false } as const;
  await expect(startTemporalDevServer(options)).rejects.toThrow(/ENOENT/);
});
