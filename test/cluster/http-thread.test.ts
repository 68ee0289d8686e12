import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { types } from 'node:util';
import { ResponseTooLargeError } from '../../src/cluster/http/cluster-http';
import { HttpThread } from '../../src/cluster/http/http-thread';
import { giveBack } from '../../src/concurrency/lent-memory';

describe('requests from a thread', () => {
  let server: Server;
  let handler: RequestListener;
  let thread: HttpThread;
  let url: string;
  const search = { method: 'POST', path: '/_search', body: '{"size":1}' } as const;

  beforeAll(async () => {
    server = createServer((request, response) => handler(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    thread = new HttpThread({ url, username: 'elastic', password: 'secret' });
  });
  afterAll(async () => {
    await thread.close();
    server.closeAllConnections();
    server.close();
  });

  it('are answered as they would be without, several at a time', async () => {
    handler = (request, response) => {
      const sent: Buffer[] = [];
      request.on('data', (chunk: Buffer) => sent.push(chunk));
      request.on('end', () =>
        response.end(`${request.headers.authorization} ${request.url} ${Buffer.concat(sent).toString()}`),
      );
    };
    const authorization = `Basic ${Buffer.from('elastic:secret').toString('base64')}`;
    const answers = await Promise.all([1, 2, 3].map((n) => thread.request({ ...search, query: { n } })));
    expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual(
      [1, 2, 3].map((n) => [200, `${authorization} /_search?n=${n} {"size":1}`]),
    );
  });

  it('fail with the code and the details that the cluster’s answer stands for', async () => {
    handler = (_request, response) => {
      response.statusCode = 404;
      response.end('{"error":{"type":"search_context_missing_exception","reason":"No context"},"status":404}');
    };
    await expect(thread.request(search)).rejects.toMatchObject({
      name: 'SnapkeepError',
      code: 'view_lost',
      details: { type: 'search_context_missing_exception', status: 404 },
    });
    const nobody = new HttpThread({ url: 'http://127.0.0.1:1' });
    await expect(nobody.request(search)).rejects.toMatchObject({ code: 'cluster_unavailable', retryable: true });
    await nobody.close();
  });

  it('are given up at the size that was allowed', async () => {
    handler = (_request, response) => response.end('x'.repeat(1_001));
    const refused = thread.request({ ...search, maxBytes: 1_000 });
    await expect(refused).rejects.toBeInstanceOf(ResponseTooLargeError);
    await expect(thread.request({ ...search, maxBytes: 1_001 })).resolves.toMatchObject({ status: 200 });
  });

  it('receive large answers in memory that is used again once it was given back', async () => {
    const size = 300_000;
    handler = (request, response) => {
      const body = (new URL(request.url!, url).searchParams.get('n') ?? '').repeat(size);
      if (request.url!.includes('chunked')) response.write(body.slice(0, 1_000));
      response.end(request.url!.includes('chunked') ? body.slice(1_000) : body);
    };
    const ask = (n: number, query = {}) => thread.request({ ...search, query: { n, ...query } });
    const isShared = (body: Buffer) => types.isSharedArrayBuffer(body.buffer);
    const kept = await Promise.all([...'123456789'].map((n) => ask(Number(n), n > '5' ? { chunked: true } : {})));
    for (let round = 0; round < 30; round++) {
      const { body } = await ask(0);
      expect([isShared(body), body.equals(Buffer.alloc(size, '0'))]).toEqual([true, true]);
      giveBack(body);
    }
    kept.forEach(({ body }, k) => expect(body.equals(Buffer.alloc(size, String(k + 1)))).toBe(true));
    const all = await Promise.all(Array.from({ length: 16 }, () => ask(0)));
    expect(all.filter(({ body }) => isShared(body))).toHaveLength(16 - kept.length);
    for (const { body } of [...kept, ...all]) giveBack(body);
    expect(isShared((await ask(0)).body)).toBe(true);
  });

  it('are sent over connections that are kept, and over new ones after those ended', async () => {
    const ports = new Set<number | undefined>();
    handler = (request, response) => {
      ports.add(request.socket.remotePort);
      if (request.url!.includes('close')) response.setHeader('connection', 'close');
      response.end('ok');
    };
    for (let n = 0; n < 3; n++) await thread.request(search);
    expect(ports.size).toBe(1);
    await thread.request({ ...search, query: { close: true } });
    await thread.request(search);
    expect(ports.size).toBe(2);
    server.closeAllConnections();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await thread.request(search)).status).toBe(200);
  });

  it('fail when the cluster ends the connection within an answer', async () => {
    handler = (_request, response) => {
      response.setHeader('content-length', '1000');
      response.write('x'.repeat(999), () => response.destroy());
    };
    await expect(thread.request(search)).rejects.toMatchObject({ code: 'cluster_unavailable', retryable: true });
  });

  it('end in the cluster when they are aborted, and throw the reason', async () => {
    const abort = new AbortController();
    const gone = new Promise<void>((resolve) => {
      handler = (_request, response) => {
        response.on('close', () => resolve());
        abort.abort(new Error('no longer wanted'));
      };
    });
    await expect(thread.request(search, abort.signal)).rejects.toThrow('no longer wanted');
    await gone;
    await expect(thread.request(search, abort.signal)).rejects.toThrow('no longer wanted');
  });

  it('fail in a way that passes when the thread ends, and the next one gets another thread', async () => {
    let asked: () => void;
    const reached = new Promise<void>((resolve) => (asked = resolve));
    handler = () => asked();
    const lost = thread.request(search);
    await reached;
    await Promise.all([
      expect(lost).rejects.toMatchObject({ code: 'cluster_unavailable', retryable: true }),
      thread.close(),
    ]);
    handler = (_request, response) => response.end('again');
    expect((await thread.request(search)).body.toString()).toBe('again');
  });
});
