import { createHash, randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { type FrontDoor, startFrontDoor } from '../support/front-door';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

type Handler = (seen: Seen, request: IncomingMessage, response: ServerResponse) => void;

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

/** What goes out and what comes back, with a server in the cluster's place that the test controls. */
describe('requests that are the cluster’s', () => {
  const seen: Seen[] = [];
  let handler: Handler;
  let cluster: Server;
  let frontDoor: FrontDoor;
  let clusterPort: number;
  let port: number;
  let url: string;

  beforeAll(async () => {
    cluster = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url: target = '', rawHeaders } = request;
        const one = { method, url: target, rawHeaders, body: Buffer.concat(chunks) };
        seen.push(one);
        handler(one, request, response);
      });
    });
    clusterPort = await listen(cluster);
    const settings = { url: `http://127.0.0.1:${clusterPort}`, username: 'elastic', password: 'p:ss' };
    frontDoor = await startFrontDoor({ cluster: settings, auth: 'none' });
    ({ port, url } = frontDoor);
  });

  beforeEach(() => {
    seen.length = 0;
    handler = (_seen, _request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end('{}');
    };
  });

  afterAll(async () => {
    await frontDoor.stop();
    cluster.closeAllConnections();
    await new Promise((resolve) => cluster.close(resolve));
  });

  it.each([
    ['GET', '/'],
    ['GET', '/logs%2Fa/_search?q=a%20b&pretty'],
    ['HEAD', '/logs'],
    ['POST', '/_aliases'],
    ['PUT', '/%3Clogs-%7Bnow%2Fd%7D%3E'],
    ['DELETE', '/_data_stream/x'],
    ['OPTIONS', '/logs'],
    ['GET', '/_cat/indices?v&h=index'],
    ['GET', '//double//slashes/'],
  ])('pass on %s %s as it is', async (method, target) => {
    await new Promise((resolve) => {
      httpRequest({ host: '127.0.0.1', port, method, path: target }, (response) => {
        response.resume().on('end', resolve);
      }).end();
    });
    expect(seen).toEqual([expect.objectContaining({ method, url: target })]);
  });

  it('keep their body byte for byte, whatever its type, size and encoding', async () => {
    const body = gzipSync(randomBytes(3 * 1024 * 1024));
    const answer = await fetch(`${url}/_bulk`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
    });
    expect(answer.status).toBe(200);
    expect(createHash('sha256').update(seen[0].body).digest('hex')).toBe(
      createHash('sha256').update(body).digest('hex'),
    );
    const headers = seen[0].rawHeaders.map((one) => one.toLowerCase());
    expect(headers[headers.indexOf('content-encoding') + 1]).toBe('gzip');
    expect(headers[headers.indexOf('content-length') + 1]).toBe(String(body.length));
  });

  it('carry the cluster’s credentials in place of the caller’s, and nothing meant for the connection', async () => {
    await new Promise((resolve) => {
      const headers = {
        authorization: 'Basic Y2FsbGVyOg==',
        connection: 'close, x-hop',
        'x-hop': '1',
        'X-Opaque-Id': 'kept',
        te: 'trailers',
      };
      httpRequest(`${url}/logs/_count`, { headers }, (response) => response.resume().on('end', resolve)).end();
    });
    const { rawHeaders } = seen[0];
    const lower = rawHeaders.map((one) => one.toLowerCase());
    const expected = `Basic ${Buffer.from('elastic:p:ss').toString('base64')}`;
    expect(rawHeaders.filter((_, i) => lower[i - 1] === 'authorization')).toEqual([expected]);
    expect(rawHeaders).toContain('X-Opaque-Id');
    expect(lower).not.toContain('x-hop');
    expect(lower).not.toContain('te');
    expect(lower[lower.indexOf('host') + 1]).toBe(`127.0.0.1:${clusterPort}`);
  });

  it('bring status, headers and body back unchanged, errors too', async () => {
    const body = gzipSync('{"error":"as it is"}');
    handler = (_seen, _request, response) => {
      response.writeHead(409, [
        ['content-type', 'application/vnd.elasticsearch+json;compatible-with=8'],
        ['X-elastic-product', 'Elasticsearch'],
        ['Warning', '299 first'],
        ['Warning', '299 second'],
        ['content-encoding', 'gzip'],
        ['content-length', String(body.length)],
      ] as never);
      response.end(body);
    };
    const raw = await new Promise<IncomingMessage & { body: Buffer }>((resolve) => {
      httpRequest(`${url}/logs/_doc/1`, { method: 'PUT' }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Object.assign(response, { body: Buffer.concat(chunks) })));
      }).end();
    });
    expect(raw.statusCode).toBe(409);
    expect(raw.body.equals(body)).toBe(true);
    expect(raw.headersDistinct).toMatchObject({
      'x-elastic-product': ['Elasticsearch'],
      warning: ['299 first', '299 second'],
      'content-encoding': ['gzip'],
    });
  });

  it('stream: the first bytes of an answer come before its last are there', async () => {
    // The cluster says no more until the caller has what it said first: held back anywhere, this would never end.
    let goOn = (): void => undefined;
    handler = (_seen, _request, response) => {
      response.write('first');
      goOn = () => response.end('last');
    };
    const { body } = await fetch(`${url}/_search`);
    const reader = body!.getReader();
    const { value } = await reader.read();
    expect(Buffer.from(value!).toString()).toBe('first');
    goOn();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('last');
  });

  it('end in the cluster when the caller hangs up', async () => {
    let ended = false;
    handler = (_seen, request) => {
      request.socket.once('close', () => {
        ended = true;
      });
    };
    const gone = new AbortController();
    const asking = fetch(`${url}/_search`, { signal: gone.signal }).catch(() => undefined);
    while (seen.length === 0) await sleep(10);
    gone.abort();
    await asking;
    for (let i = 0; i < 100 && !ended; i++) await sleep(20);
    expect(ended).toBe(true);
  });

  it('break off where the cluster breaks off, rather than look complete', async () => {
    handler = (_seen, request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => request.socket.destroy(), 50);
    };
    const response = await fetch(`${url}/_search`);
    await expect(response.text()).rejects.toThrow();
  });

  it('wait for a large body to be wanted (Expect: 100-continue), as curl does', async () => {
    const socket = connect(port, '127.0.0.1');
    const text = new Promise<string>((resolve) => {
      let all = '';
      socket.on('data', (chunk) => {
        all += chunk.toString();
        if (all.startsWith('HTTP/1.1 100') && !all.includes('200 OK')) socket.write('{}');
        if (all.includes('200 OK')) resolve(all);
      });
    });
    socket.write('POST /_bulk HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    expect(await text).toContain('100 Continue');
    expect(seen[0].body.toString()).toBe('{}');
    socket.destroy();
  });

  describe('and those about snapshots never are, whatever they look like', () => {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    const ask = async (method: string, target: string, init: RequestInit = {}): Promise<any> => {
      const response = await fetch(url + target, { method, ...init });
      const json = (await response.json()) as { error: { type: string; reason: string } };
      return { status: response.status, type: json.error.type, reason: json.error.reason };
    };
    const JSON_HEADERS = { 'content-type': 'application/json' };

    it.each([
      ['POST', '/_snapshot/repo/_verify_integrity'],
      ['POST', '/_snapshot/repo/snap/_mount'],
      ['GET', '/_snapkeep/nothing'],
    ])('refuse %s %s clearly', async (method, target) => {
      const answer = await ask(method, target);
      expect(answer).toMatchObject({ status: 400, type: 'illegal_argument_exception' });
      expect(answer.reason).toContain(`no handler found for uri [${target}] and method [${method}]`);
      expect(seen.filter((one) => one.url !== '/')).toEqual([]);
    });

    it.each([
      ['PATCH', '/_snapshot/repo', 'GET,POST,PUT,DELETE'],
      ['PUT', '/_snapshot?pretty=false', 'GET'],
      ['HEAD', '/_snapshot', 'GET'],
      ['DELETE', '/_snapshot/_status', 'GET'],
      ['GET', '/_snapshot/repo/_verify', 'POST'],
      ['PUT', '/_snapshot/repo/snap/_restore', 'POST'],
      ['POST', '/_snapshot/repo/snap/_status', 'GET'],
      ['GET', '/_snapshot/repo/snap/_clone/other', 'PUT'],
    ])('refuse the method of %s %s, and say which are allowed', async (method, target, allowed) => {
      const response = await fetch(url + target, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe(allowed);
      const text = `{"error":"Incorrect HTTP method for uri [${target}] and method [${method}], allowed: [${allowed.replaceAll(',', ', ')}]","status":405}`;
      expect(await response.text()).toBe(method === 'HEAD' ? '' : text);
      expect(response.headers.get('content-length')).toBe(String(text.length));
      const options = await fetch(url + target, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('allow'), await options.text()]).toEqual([200, allowed, '']);
    });

    it('refuse paths that nobody knows in the engines’ words', async () => {
      const response = await fetch(`${url}/_snapshot/a/b/c/d/e?x`);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: 'no handler found for uri [/_snapshot/a/b/c/d/e?x] and method [GET]',
      });
      const options = await fetch(`${url}/_snapshot/a/b/c/d/e`, { method: 'OPTIONS' });
      expect([options.status, options.headers.get('allow')]).toEqual([200, null]);
    });

    it('refuse a parameter that is not known, by name', async () => {
      expect(await ask('PUT', '/_snapshot/repo/snap?wait_for_complétion=true')).toEqual({
        status: 400,
        type: 'illegal_argument_exception',
        reason: 'request [/_snapshot/repo/snap] contains unrecognized parameter: [wait_for_complétion]',
      });
      const two = await ask('GET', '/_snapshot?a=1&b=2&pretty');
      expect(two.reason).toBe('request [/_snapshot] contains unrecognized parameters: [a], [b]');
    });

    it.each([
      ['/_snapshot/r/s?wait_for_completion=yes', 'Failed to parse value [yes] as only [true] or [false] are allowed.'],
      ['/_snapshot/r/s?master_timeout=soon', 'failed to parse setting [master_timeout] with value [soon]'],
    ])('refuse the value in PUT %s', async (target, reason) => {
      const answer = await ask('PUT', target);
      expect(answer).toMatchObject({ status: 400, type: 'illegal_argument_exception' });
      expect(answer.reason).toContain(reason);
    });

    it.each([
      ['sort=size', 'unknown value [size] of [sort]'],
      ['size=0', 'size must be -1 or greater than 0 but was [0]'],
      ['size=ten', 'Failed to parse int parameter [size] with value [ten]'],
      ['offset=-1', 'offset must not be negative'],
      ['verbose=false&size=1', `can't use [size] with verbose=false`],
      ['state=BROKEN', 'unknown snapshot state [BROKEN]'],
    ])('refuse to list with %s', async (query, reason) => {
      const answer = await ask('GET', `/_snapshot/r/_all?${query}`);
      expect(answer.status).toBe(400);
      expect(answer.reason).toContain(reason);
    });

    it.each([
      ['{"indices": ', 'x_content_parse_exception', 'Failed to parse the request body as JSON'],
      ['["a"]', 'parse_exception', 'an object is expected'],
      ['null', 'parse_exception', 'an object is expected'],
      ['{"indexes":"a"}', 'illegal_argument_exception', 'Unknown parameter [indexes]'],
      ['{"indices":{"a":1}}', 'illegal_argument_exception', 'malformed indices section, should be an array of strings'],
      ['{"partial":"maybe"}', 'illegal_argument_exception', 'Failed to parse value [maybe] of [partial]'],
      ['{"metadata":"text"}', 'illegal_argument_exception', 'malformed metadata section, should be an object'],
      [`{"metadata":{"a":"${'x'.repeat(1024)}"}}`, 'illegal_argument_exception', 'metadata must be smaller than 1024'],
      ['{"feature_states":["kibana"]}', 'illegal_argument_exception', '[feature_states] other than [none]'],
      ['{"expand_wildcards":"some"}', 'illegal_argument_exception', 'No valid expand wildcard value [some]'],
    ])('refuse the snapshot %s', async (body, type, reason) => {
      const answer = await ask('PUT', '/_snapshot/repo/snap', { body, headers: JSON_HEADERS });
      expect(answer).toMatchObject({ status: 400, type });
      expect(answer.reason).toContain(reason);
    });

    it.each([
      ['{"index":"a"}', 'illegal_argument_exception', 'Unknown parameter [index]'],
      ['{"indices":"a","Indices":"b"}', 'illegal_argument_exception', '[indices] and [Indices] are the same'],
      ['{"rename_pattern":"(","rename_replacement":"b"}', 'pattern_syntax_exception', 'is not a regular expression'],
      ['{"index_settings":[]}', 'illegal_argument_exception', 'malformed index_settings section, should be an object'],
    ])('refuse the restore %s', async (body, type, reason) => {
      const answer = await ask('POST', '/_snapshot/repo/snap/_restore', { body, headers: JSON_HEADERS });
      expect(answer).toMatchObject({ status: 400, type });
      expect(answer.reason).toContain(reason);
    });

    it('refuse a repository without body, without type, or of a type that is not there', async () => {
      expect(await ask('PUT', '/_snapshot/repo')).toMatchObject({ status: 400, type: 'parse_exception' });
      const untyped = await ask('PUT', '/_snapshot/repo', { body: '{"settings":{}}', headers: JSON_HEADERS });
      expect(untyped).toMatchObject({ status: 400, type: 'action_request_validation_exception' });
      const odd = await ask('PUT', '/_snapshot/repo', { body: '{"type":"ftp"}', headers: JSON_HEADERS });
      expect(odd).toMatchObject({ status: 400, type: 'repository_exception' });
      expect(odd.reason).toContain('repository type [ftp] does not exist');
    });

    it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
      'know no type and no setting [%s]',
      async (name) => {
        const typed = await ask('PUT', '/_snapshot/repo', { body: `{"type":"${name}"}`, headers: JSON_HEADERS });
        expect(typed).toMatchObject({ status: 400, type: 'repository_exception' });
        const body = `{"type":"fs","settings":{"location":"a","${name}":"b"}}`;
        const set = await ask('PUT', '/_snapshot/repo', { body, headers: JSON_HEADERS });
        expect(set).toMatchObject({ status: 400, type: 'repository_exception' });
        const field = await ask('PUT', '/_snapshot/repo/snap', { body: `{"${name}":"b"}`, headers: JSON_HEADERS });
        expect(field).toMatchObject({ status: 400, type: 'illegal_argument_exception' });
        const parameter = await ask('GET', `/_snapshot?${name}=1`);
        expect(parameter).toMatchObject({ status: 400, type: 'illegal_argument_exception' });
      },
    );

    it('refuse more names than a path should list, and than a body should', async () => {
      const path = `/_snapshot/repo/${Array.from({ length: 1_001 }, (_, i) => `s${i}`).join(',')}`;
      for (const method of ['GET', 'DELETE']) {
        const answer = await ask(method, path);
        expect(answer).toMatchObject({ status: 400, type: 'illegal_argument_exception' });
        expect(answer.reason).toContain('[1001] names, and [1000] are the most');
      }
      const body = JSON.stringify({ indices: Array.from({ length: 20_001 }, (_, i) => `i${i}`) });
      const listed = await ask('PUT', '/_snapshot/repo/snap', { body, headers: JSON_HEADERS });
      expect(listed.reason).toContain('[indices] has [20001] names, and [20000] are the most');
    });

    it('refuse a body that is too large, without reading it to its end', async () => {
      const body = `{"a":"${'x'.repeat(1024 * 1024)}"}`;
      expect(await ask('PUT', '/_snapshot/repo/snap', { body, headers: JSON_HEADERS })).toMatchObject({
        status: 413,
        type: 'content_too_long_exception',
      });
    });

    it('take JSON under the names that tools give it, and no format that they cannot read', async () => {
      const body = '{"type":"ftp"}';
      const put = (type: string): Promise<{ status: number }> =>
        ask('PUT', '/_snapshot/repo', { body, headers: { 'content-type': type, accept: type } });
      for (const type of [
        'application/json; charset=utf-8',
        'application/vnd.elasticsearch+json; compatible-with=8',
        'application/octet-stream',
      ]) {
        expect(await put(type)).toMatchObject({ status: 400, type: 'repository_exception' });
      }
      for (const type of ['text/plain', 'application/x-ndjson', 'application/smile']) {
        expect(await put(type)).toMatchObject({ status: 406 });
      }
    });

    it('answer in the version and form that was asked for', async () => {
      const response = await fetch(`${url}/_snapshot/r/s/_mount?pretty&filter_path=error.type`, {
        method: 'POST',
        headers: { accept: 'application/vnd.elasticsearch+json; compatible-with=8' },
      });
      expect(response.headers.get('content-type')).toBe('application/vnd.elasticsearch+json;compatible-with=8');
      expect(await response.text()).toBe('{\n  "error" : {\n    "type" : "illegal_argument_exception"\n  }\n}\n');
    });

    it('say when Temporal is not there', async () => {
      const started = Date.now();
      expect(await ask('GET', '/_snapshot/repo/_all')).toMatchObject({
        status: 503,
        type: 'temporal_unavailable_exception',
      });
      expect(Date.now() - started).toBeLessThan(5_000);
    });
  });
});
