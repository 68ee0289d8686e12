import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { ClusterHttp, ResponseTooLargeError } from '../../src/cluster/http/cluster-http';
import { isSnapkeepError } from '../../src/contracts/errors';
import { failureOf } from './support';

/** Statuses and bodies as clusters and what stands before them send them. */
const FAILURES: readonly [string, number, string, string, boolean][] = [
  [
    'an index that is missing',
    404,
    '{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [a]","index":"a"}],"type":"index_not_found_exception","reason":"no such index [a]"},"status":404}',
    'index_not_found_exception',
    false,
  ],
  [
    'a closed index',
    400,
    '{"error":{"root_cause":[{"type":"index_closed_exception","reason":"closed","index":"a"}],"type":"index_closed_exception","reason":"closed"},"status":400}',
    'index_closed_exception',
    false,
  ],
  [
    'a view that is gone',
    404,
    '{"error":{"root_cause":[{"type":"search_context_missing_exception","reason":"No search context found for id [1]"}],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[{"reason":{"type":"search_context_missing_exception","reason":"No search context found for id [1]"}}]},"status":404}',
    'view_lost',
    true,
  ],
  [
    'a caller that is not known',
    401,
    '{"error":{"root_cause":[{"type":"security_exception","reason":"missing authentication credentials"}],"type":"security_exception","reason":"missing authentication credentials"},"status":401}',
    'cluster_access_denied',
    false,
  ],
  [
    'a caller that may not',
    403,
    '{"error":{"root_cause":[{"type":"security_exception","reason":"unauthorized"}],"type":"security_exception","reason":"unauthorized"},"status":403}',
    'cluster_access_denied',
    false,
  ],
  ['a proxy that lets nobody in', 403, '<html>Forbidden</html>', 'cluster_access_denied', false],
  [
    'a full queue',
    429,
    '{"error":{"root_cause":[{"type":"es_rejected_execution_exception","reason":"rejected"}],"type":"es_rejected_execution_exception","reason":"rejected"},"status":429}',
    'cluster_unavailable',
    true,
  ],
  [
    'too little memory',
    429,
    '{"error":{"root_cause":[{"type":"circuit_breaking_exception","reason":"Data too large"}],"type":"circuit_breaking_exception","reason":"Data too large"},"status":429}',
    'cluster_unavailable',
    true,
  ],
  [
    'no master',
    503,
    '{"error":{"root_cause":[{"type":"master_not_discovered_exception","reason":null}],"type":"master_not_discovered_exception","reason":null},"status":503}',
    'cluster_unavailable',
    true,
  ],
  [
    'a state that is not recovered',
    503,
    '{"error":{"root_cause":[{"type":"cluster_block_exception","reason":"blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"}],"type":"cluster_block_exception","reason":"blocked"},"status":503}',
    'cluster_unavailable',
    true,
  ],
  [
    'a disk that is full',
    429,
    '{"error":{"root_cause":[{"type":"cluster_block_exception","reason":"index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"}],"type":"cluster_block_exception","reason":"blocked"},"status":429}',
    'cluster_unavailable',
    true,
  ],
  [
    'a block that somebody set',
    403,
    '{"error":{"root_cause":[{"type":"cluster_block_exception","reason":"index [a] blocked by: [FORBIDDEN/7/index read (api)];"}],"type":"cluster_block_exception","reason":"index [a] blocked by: [FORBIDDEN/7/index read (api)];"},"status":403}',
    'cluster_rejected',
    false,
  ],
  [
    'failing shards',
    503,
    '{"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"all shards failed","phase":"query","grouped":true,"failed_shards":[]},"status":503}',
    'cluster_unavailable',
    true,
  ],
  ['a bad gateway', 502, '<html>502 Bad Gateway</html>', 'cluster_unavailable', true],
  [
    'a query it does not understand',
    400,
    '{"error":{"root_cause":[{"type":"parsing_exception","reason":"Unknown key for a START_OBJECT in [x]."}],"type":"parsing_exception","reason":"Unknown key for a START_OBJECT in [x]."},"status":400}',
    'cluster_rejected',
    false,
  ],
  [
    'a state that can never be, told as an error of the cluster',
    500,
    '{"error":{"root_cause":[{"type":"illegal_state_exception","reason":"alias [a] has more than one write index [b,c]"}],"type":"illegal_state_exception","reason":"alias [a] has more than one write index [b,c]"},"status":500}',
    'cluster_rejected',
    false,
  ],
  [
    'a node that is about to end',
    500,
    '{"error":{"root_cause":[{"type":"illegal_state_exception","reason":"node is closed"}],"type":"illegal_state_exception","reason":"node is closed"},"status":500}',
    'cluster_unavailable',
    true,
  ],
  [
    'too many buckets, found when shards were put together',
    503,
    '{"error":{"root_cause":[],"type":"search_phase_execution_exception","reason":"","phase":"fetch","grouped":true,"failed_shards":[],"caused_by":{"type":"too_many_buckets_exception","reason":"Trying to create too many buckets. Must be less than or equal to: [10] but was [11].","max_buckets":10}},"status":503}',
    'cluster_rejected',
    false,
  ],
  [
    'a full queue behind other failures',
    500,
    '{"error":{"root_cause":[{"type":"exception","reason":"x"}],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[{"reason":{"type":"query_phase_execution_exception","reason":"x","caused_by":{"type":"es_rejected_execution_exception","reason":"rejected"}}}]},"status":500}',
    'cluster_unavailable',
    true,
  ],
  [
    'no scroll at all allowed',
    500,
    '{"error":{"root_cause":[{"type":"exception","reason":"Trying to create too many scroll contexts. Must be less than or equal to: [0]. This limit can be set by changing the [search.max_open_scroll_context] setting."}],"type":"search_phase_execution_exception","reason":"all shards failed","failed_shards":[{"reason":{"type":"exception","reason":"Trying to create too many scroll contexts. Must be less than or equal to: [0]. This limit can be set by changing the [search.max_open_scroll_context] setting."}}]},"status":500}',
    'cluster_rejected',
    false,
  ],
  [
    'an error that nobody foresaw',
    500,
    '{"error":{"root_cause":[{"type":"null_pointer_exception","reason":null}],"type":"null_pointer_exception","reason":null},"status":500}',
    'cluster_rejected',
    false,
  ],
  ['an unknown path', 400, '{"error":"no handler found for uri [/x] and method [POST]"}', 'cluster_rejected', false],
];

describe('failures of a cluster', () => {
  let server: Server;
  let answer: (path: string) => { status: number; body: string } | 'hang up' | 'end with the connection';
  let http: ClusterHttp;
  let seen: (string | undefined)[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      const what = answer(request.url ?? '');
      if (what === 'hang up') {
        request.socket.destroy();
        return;
      }
      if (what === 'end with the connection') {
        request.socket.end('HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"ok":true}');
        return;
      }
      response.writeHead(what.status, { 'content-type': 'application/json' }).end(what.body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  const port = (): number => (server.address() as AddressInfo).port;
  beforeEach(() => {
    seen = [];
    http = new ClusterHttp({ url: `http://elastic:s3cr%2Ft@127.0.0.1:${port()}/prefix/`, connections: 2 });
  });
  afterEach(() => http.close());

  it.each(FAILURES)(
    '%s (%d) has its code, and what the cluster said in its message',
    async (_, status, body, code, retryable) => {
      answer = () => ({ status, body });
      const failed = await http.request({ method: 'POST', path: '/a/_search' }).catch((error: unknown) => error);
      expect(failed).toMatchObject({ code });
      expect(isSnapkeepError(failed) && failed.retryable).toBe(retryable);
      const { message } = failed as Error;
      expect(message).toContain('POST /a/_search');
      expect(message).toContain(String(status));
      expect(message).not.toContain('s3cr');
    },
  );

  it('uses the credentials of the address and never shows them', async () => {
    answer = (path) => ({ status: 200, body: JSON.stringify({ path }) });
    expect(await http.json({ method: 'GET', path: '/x', query: { a: 'b c', left: undefined } })).toEqual({
      path: '/prefix/x?a=b%20c',
    });
    expect(seen).toEqual([`Basic ${Buffer.from('elastic:s3cr/t').toString('base64')}`]);
    expect(http.address).toBe(`http://127.0.0.1:${port()}/prefix`);
  });

  it('prefers an API key', async () => {
    const keyed = new ClusterHttp({ url: `http://127.0.0.1:${port()}`, apiKey: 'a2V5' });
    answer = () => ({ status: 200, body: '{}' });
    await keyed.json({ method: 'GET', path: '/' });
    expect(seen).toEqual(['ApiKey a2V5']);
    await keyed.close();
  });

  it('takes a connection that breaks, and one that nobody accepts, for a cluster that is away', async () => {
    answer = () => 'hang up';
    expect((await failureOf(http.request({ method: 'GET', path: '/' }))).code).toBe('cluster_unavailable');
    const nobody = new ClusterHttp({ url: 'http://user:s3cret@127.0.0.1:1' });
    const refused = await failureOf(nobody.request({ method: 'GET', path: '/' }));
    expect(refused.code).toBe('cluster_unavailable');
    expect(refused.message).toContain('http://127.0.0.1:1 cannot be reached');
    expect(refused.message).not.toContain('s3cret');
    await nobody.close();
  });

  it('takes an answer that is not JSON for no cluster', async () => {
    answer = () => ({ status: 200, body: '<html>' });
    expect((await failureOf(http.json({ method: 'GET', path: '/' }))).code).toBe('cluster_unavailable');
  });

  it('takes no answer whose end nobody told, since it may have been cut', async () => {
    answer = () => 'end with the connection';
    const failed = await failureOf(http.json({ method: 'GET', path: '/' }));
    expect(failed).toMatchObject({ code: 'cluster_unavailable' });
    expect(failed.message).toContain('without [Content-Length]');
  });

  it('gives up a body larger than asked for, and goes on with the next request', async () => {
    answer = (path) => ({ status: 200, body: path.endsWith('large') ? 'x'.repeat(100_000) : '{"ok":true}' });
    await expect(http.request({ method: 'GET', path: '/large', maxBytes: 50_000 })).rejects.toThrow(
      ResponseTooLargeError,
    );
    expect((await http.request({ method: 'GET', path: '/large', maxBytes: 100_000 })).body.length).toBe(100_000);
    expect(await http.json({ method: 'GET', path: '/small' })).toEqual({ ok: true });
  });

  it('ends a request that is aborted with the reason', async () => {
    answer = () => ({ status: 200, body: '{}' });
    const reason = new Error('cancelled');
    await expect(http.request({ method: 'GET', path: '/', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const running = http.request({ method: 'GET', path: '/', signal: stop.signal });
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
  });

  it('refuses an address that is none without repeating it', async () => {
    expect(() => new ClusterHttp({ url: 'elastic:s3cret@host' })).toThrow(/cluster URL/);
    expect(() => new ClusterHttp({ url: 'not a url s3cret' })).toThrow(expect.not.stringContaining('s3cret') as string);
    expect(() => new ClusterHttp({ url: 'http://a', caFile: '/no/such/file.pem' })).toThrow('/no/such/file.pem');
  });
});
