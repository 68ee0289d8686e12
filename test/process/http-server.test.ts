import { Agent, createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type FrontDoor, startFrontDoor } from '../support/front-door';

const LIMITS = {
  headersMs: 1_000,
  bodyIdleMs: 1_000,
  silentConnections: 100,
  drainMs: 500,
  drainBytes: 4 * 1024 * 1024,
};

/** A client that writes given bytes, and collects what it receives until the connection ends. */
interface Sender {
  readonly socket: Socket;
  readonly ended: Promise<string>;
  heard(): string;
}

describe('the front door’s connections', () => {
  let cluster: Server;
  let answer: (request: IncomingMessage, respond: (status: number, text: string) => void) => void;
  let door: FrontDoor;
  const senders: Socket[] = [];

  beforeAll(async () => {
    cluster = createServer((request, response) =>
      answer(request, (status, text) => response.writeHead(status, { 'content-type': 'application/json' }).end(text)),
    );
    await new Promise<void>((resolve) => cluster.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(cluster.address() as AddressInfo).port}`;
    door = await startFrontDoor({ cluster: { url }, auth: 'none', limits: LIMITS });
  });

  beforeEach(() => {
    answer = (request, respond) => void request.resume().on('end', () => respond(200, '{}'));
  });

  afterEach(() => {
    for (const socket of senders.splice(0)) socket.destroy();
  });

  afterAll(async () => {
    await door.stop();
    cluster.closeAllConnections();
    await new Promise((resolve) => cluster.close(resolve));
  });

  const open = (text = ''): Sender => {
    const socket = connect(door.port, '127.0.0.1');
    senders.push(socket);
    let heard = '';
    socket.on('data', (chunk) => (heard += chunk.toString())).on('error', () => undefined);
    if (text !== '') socket.write(text);
    return { socket, heard: () => heard, ended: new Promise((resolve) => socket.on('close', () => resolve(heard))) };
  };
  const head = (method: string, path: string, ...headers: string[]): string =>
    [`${method} ${path} HTTP/1.1`, 'host: localhost', 'content-type: application/json', ...headers, '', ''].join(
      '\r\n',
    );
  const isAnswered = async (): Promise<boolean> => (await fetch(`${door.url}/logs`)).status === 200;
  const envelopeOf = (heard: string): unknown => JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4));

  it('do not keep 600 senders that send nothing, and serve others beside them', async () => {
    const kinds = ['', 'POST /_bulk HTTP/1.1\r\nhost: loc', head('POST', '/_bulk', 'content-length: 10')];
    const all = Array.from({ length: 600 }, (_, i) => open(kinds[i % 3]));
    await sleep(300);
    expect(await isAnswered()).toBe(true);
    const started = Date.now();
    await Promise.all(all.map(({ ended }) => ended));
    expect(Date.now() - started).toBeLessThan(8_000);
    expect(await isAnswered()).toBe(true);
  });

  it('keep so many that say nothing, and no more', async () => {
    const first = open();
    const others = Array.from({ length: LIMITS.silentConnections }, () => open());
    await first.ended;
    expect(others.filter(({ socket }) => socket.closed).length).toBeLessThan(5);
    expect(await isAnswered()).toBe(true);
  });

  it.each([
    ['headers that never end', 'GET /logs HTTP/1.1\r\nhost: localhost\r\n', 408],
    ['a body that never comes', head('PUT', '/_snapshot/r', 'content-length: 10'), 408],
    ['a body that stops', `${head('PUT', '/_snapshot/r', 'content-length: 10')}{"ty`, 408],
    ['a body that stops, passed on', `${head('POST', '/_bulk', 'transfer-encoding: chunked')}2\r\n{}\r\n`, 408],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a first line of 20 KB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`, 414],
    ['headers of 20 KB', `GET /logs HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('answer %s in the envelope', async (_name, text, status) => {
    const heard = await open(text).ended;
    expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(envelopeOf(heard)).toMatchObject({ error: { type: expect.any(String), root_cause: [{}] }, status });
  });

  it('let a slow body that gets further pass, and a slow cluster take its time', async () => {
    answer = (request, respond) => {
      // The pause in reading is longer than the timeout of a silent sender.
      setTimeout(() => request.resume().on('end', () => respond(200, '{"slow":true}')), 1_500);
    };
    const dripping = open(head('POST', '/_bulk', 'content-length: 8', 'connection: close'));
    for (let i = 0; i < 8; i++) {
      await sleep(300);
      dripping.socket.write('x');
    }
    expect(await dripping.ended).toContain('{"slow":true}');
    const large = await fetch(`${door.url}/_bulk`, {
      method: 'POST',
      body: Buffer.alloc(8 * 1024 * 1024),
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(await large.json()).toEqual({ slow: true });
    answer = (_request, respond) => void setTimeout(() => respond(200, '{}'), 2_500);
    expect(await isAnswered()).toBe(true);
  });

  const large = Buffer.from(`{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`);
  it.each([
    ['too large a body', 'PUT', '/_snapshot/r/s', large, {}, 413],
    [
      'too large a body behind gzip',
      'PUT',
      '/_snapshot/r/s',
      gzipSync(Buffer.alloc(30 * 1024 * 1024)),
      { 'content-encoding': 'gzip' },
      413,
    ],
    ['a body nobody reads', 'POST', '/_snapshot/r/_verify_integrity', large, {}, 400],
    ['a body of another site', 'PUT', '/_snapshot/r/s', large, { origin: 'http://evil.example' }, 403],
    ['what the cluster refuses before its end', 'POST', '/_bulk', large, {}, 413],
  ])(
    'answer %s, and the next request on the same agent at once',
    async (_name, method, path, body, headers, status) => {
      answer = (request, respond) => {
        if (request.method === 'POST') respond(413, '{"too":"large"}');
        else respond(200, '{}');
      };
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const send = (sent?: Buffer): Promise<number> =>
        new Promise((resolve, reject) => {
          const options = {
            agent,
            method: sent === undefined ? 'GET' : method,
            headers:
              sent === undefined
                ? {}
                : { 'content-type': 'application/json', 'content-length': sent.length, ...headers },
          };
          const request = httpRequest(door.url + (sent === undefined ? '/logs' : path), options, (response) => {
            response.resume().on('end', () => resolve(response.statusCode!));
          });
          request.on('error', reject).end(sent);
        });
      try {
        const started = Date.now();
        expect(await send(body)).toBe(status);
        expect(await send()).toBe(200);
        expect(Date.now() - started).toBeLessThan(3_000);
      } finally {
        agent.destroy();
      }
    },
  );

  it('close where a body never ends that nobody wants', async () => {
    const endless = open(head('PUT', '/_snapshot/r/s', 'transfer-encoding: chunked', 'origin: http://evil.example'));
    const timer = setInterval(() => endless.socket.write(`10000\r\n${'x'.repeat(0x10000)}\r\n`), 5);
    const started = Date.now();
    expect(await endless.ended).toContain('403 Forbidden');
    clearInterval(timer);
    expect(Date.now() - started).toBeLessThan(3_000);
  });
});
