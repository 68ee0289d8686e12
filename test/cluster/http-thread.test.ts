import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { ResponseTooLargeError } from '../../src/cluster/http/cluster-http';
import { HttpThread } from '../../src/cluster/http/http-thread';

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
