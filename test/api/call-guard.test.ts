import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { type FrontDoor, startFrontDoor } from '../support/front-door';
import { basic, type SecuredCluster, startSecuredCluster } from '../support/secured-cluster';

interface Heard {
  readonly status: number;
  readonly text: string;
}

describe('a page in somebody’s browser', () => {
  let cluster: SecuredCluster;
  let door: FrontDoor;
  let own: string;

  beforeAll(async () => {
    cluster = await startSecuredCluster({ users: { 'a:a': 'admin' } });
    door = await startFrontDoor({
      cluster: { url: cluster.url, username: 'a', password: 'a' },
      auth: 'none',
      allowedHosts: ['snapkeep.example', 'kibana.example:5601', '*.internal', '[fd00::1]:9400'],
    });
    own = `127.0.0.1:${door.port}`;
  });

  afterAll(async () => {
    await door.stop();
    await cluster.stop();
  });

  beforeEach(() => void (cluster.seen.length = 0));

  const send = (method: string, path: string, headers: Record<string, string>, body?: string): Promise<Heard> =>
    new Promise((resolve, reject) => {
      const length: Record<string, number> = body === undefined ? {} : { 'content-length': body.length };
      const options = { host: '127.0.0.1', port: door.port, method, path, headers: { ...headers, ...length } };
      const request = httpRequest(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve({ status: response.statusCode!, text }));
      });
      request.on('error', reject);
      request.end(body);
    });

  const JSON_TYPE = { 'content-type': 'application/json' };
  /** Requests that change something: Snapkeep's own (let in, they hear a 400) and passed on (200). */
  const CHANGES = [
    ['PUT', '/_snapshot/r/s?nonsense=1', 400],
    ['DELETE', '/_snapshot/r?nonsense=1', 400],
    ['POST', '/logs/_close', 200],
    ['POST', '/_refresh', 200],
    ['PATCH', '/anything', 200],
  ] as const;

  describe.each(CHANGES)('%s %s', (method, path, letIn) => {
    it.each([
      ['under another name', { host: 'evil.example' }],
      ['under a name that begins as ours', { host: '127.0.0.1.evil.example' }],
      ['under a name that ends as ours', { host: 'evilsnapkeep.example' }],
      ['under another port of a listed name', { host: 'kibana.example:80' }],
      ['under an address that is not ours', { host: '10.1.2.3:9400' }],
      ['by the address that stands for all', { host: '0.0.0.0:9400' }],
      ['from another site', { origin: 'http://evil.example' }],
      ['from another port of this machine', { origin: 'http://127.0.0.1:3000' }],
      ['from a sandboxed frame or a file', { origin: 'null' }],
      ['from an extension', { origin: 'chrome-extension://abcdef' }],
      ['from a name that only looks like ours', { origin: 'http://127.0.0.1@evil.example' }],
      ['from another site, by the browser’s own word', { 'sec-fetch-site': 'cross-site' }],
      ['from a neighbour site', { 'sec-fetch-site': 'same-site' }],
    ])('is refused %s', async (_name, headers) => {
      for (const body of [undefined, '{}']) {
        const heard = await send(
          method,
          path,
          { host: own, ...(body === undefined ? {} : JSON_TYPE), ...headers },
          body,
        );
        expect(heard.status).toBe(403);
        expect(JSON.parse(heard.text)).toMatchObject({
          error: { type: 'security_exception', reason: expect.stringContaining('SNAPKEEP_ALLOWED_HOSTS') },
          status: 403,
        });
      }
      expect(cluster.seen).toEqual([]);
    });

    it.each([
      'text/plain',
      'text/plain;charset=UTF-8',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'TEXT/PLAIN',
    ])('is refused as %s', async (type) => {
      const heard = await send(method, path, { host: own, 'content-type': type }, '{}');
      expect(heard.status).toBe(406);
      expect(JSON.parse(heard.text)).toMatchObject({ error: { type: 'media_type_header_exception' } });
      expect(cluster.seen).toEqual([]);
    });

    it('is refused as bytes without a type', async () => {
      const heard = await send(method, path, { host: own, origin: `http://${own}` }, '{}');
      expect(heard.status).toBe(406);
    });

    it.each([
      ['by address', {}],
      ['by the machine’s name for itself', { host: 'localhost' }],
      ['through a forwarded port', { host: 'localhost:8080' }],
      ['on v6', { host: '[::1]:9400' }],
      ['by a listed name', { host: 'snapkeep.example' }],
      ['by a listed name in capitals, with a port', { host: 'Snapkeep.Example:8443' }],
      ['by a listed v6 address', { host: '[fd00::1]:9400' }],
      ['by a name under a listed suffix', { host: 'eu.snapkeep.internal' }],
      ['from its own page', { 'sec-fetch-site': 'same-origin' }],
      ['from a listed page', { origin: 'https://kibana.example:5601', 'sec-fetch-site': 'cross-site' }],
      ['typed in by a person', { 'sec-fetch-site': 'none' }],
    ])('is taken %s', async (_name, headers) => {
      expect((await send(method, path, { host: own, ...headers })).status).toBe(letIn);
      expect((await send(method, path, { host: own, ...JSON_TYPE, ...headers }, '{}')).status).toBe(letIn);
    });

    it.each([
      'application/json; charset=utf-8',
      'application/vnd.elasticsearch+json; compatible-with=8',
      'application/x-ndjson',
      'application/vnd.elasticsearch+x-ndjson;compatible-with=9',
      'application/cbor',
      'application/smile',
      'application/yaml',
    ])('is taken as %s, which clients of Elasticsearch send', async (type) => {
      const client = { 'kbn-xsrf': 'true', 'x-elastic-client-meta': 'es=8.19.0,js=20.0.0', 'user-agent': 'client' };
      expect([letIn, 406]).toContain(
        (await send(method, path, { host: own, 'content-type': type, ...client }, '{}')).status,
      );
      if (letIn === 200) expect(cluster.seen).toHaveLength(1);
    });

    it('is taken from its own page', async () => {
      const headers = { host: own, origin: `http://${own}`, ...JSON_TYPE };
      expect((await send(method, path, headers, '{}')).status).toBe(letIn);
    });
  });

  it.each(['/_snapshot?nonsense=1', '/logs/_search', '/_snapkeep/health', '/_recovery'])(
    'reads nothing at %s by a name that was made to mean this machine',
    async (path) => {
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        expect((await send(method, path, { host: 'rebound.example' })).status).toBe(403);
      }
      expect(cluster.seen).toEqual([]);
    },
  );

  it('may read where the cluster lets it: what a page sees of an answer is between browser and cluster', async () => {
    expect((await send('GET', '/logs/_search', { host: own, origin: 'http://evil.example' })).status).toBe(200);
    expect(cluster.seen[0].authorization).toBe(basic('a:a'));
  });

  it('is not what a health check without a name is', async () => {
    const socket = connect(door.port, '127.0.0.1');
    socket.write('GET /logs HTTP/1.0\r\n\r\n');
    const text = await new Promise<string>((resolve) => {
      let all = '';
      socket.on('data', (chunk) => (all += chunk.toString())).on('close', () => resolve(all));
    });
    expect(text).toContain('200 OK');
    const other = connect(door.port, '127.0.0.1');
    other.write('POST /_refresh HTTP/1.0\r\n\r\n');
    const refused = await new Promise<string>((resolve) => other.once('data', (chunk) => resolve(chunk.toString())));
    expect(refused).toContain('403 Forbidden');
    other.destroy();
  });
});
