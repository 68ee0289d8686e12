import { setTimeout as sleep } from 'node:timers/promises';
import { type FrontDoor, startFrontDoor } from '../support/front-door';
import { basic, type SecuredCluster, startSecuredCluster } from '../support/secured-cluster';

const OWN = 'snapkeep:own';
const USERS = {
  [OWN]: 'admin',
  'ann:a': 'admin',
  'ron:r': 'reader',
  'sue:s': 'snapshotter',
  'out:o': 'outsider',
} as const;

/** What only a caller who is let in hears: the request itself is wrong. */
const LET_IN = 400;
const CALLS = {
  list: ['GET', '/_snapshot?nonsense=1'],
  listSnapshots: ['GET', '/_snapshot/r/_all?nonsense=1'],
  status: ['GET', '/_snapshot/r/s/_status?nonsense=1'],
  jobs: ['GET', '/_snapkeep/unknown'],
  create: ['PUT', '/_snapshot/r/s?nonsense=1'],
  createByPost: ['POST', '/_snapshot/r/s?nonsense=1'],
  delete: ['DELETE', '/_snapshot/r/s?nonsense=1'],
  restore: ['POST', '/_snapshot/r/s/_restore?nonsense=1'],
  restoreInCapitals: ['POST', '/_SNAPSHOT/r/s/_RESTORE/?nonsense=1'],
  register: ['PUT', '/_snapshot/r?nonsense=1'],
  unregister: ['DELETE', '/_snapshot/r?nonsense=1'],
  verify: ['POST', '/_snapshot/r/_verify?nonsense=1'],
  cleanUp: ['POST', '/_snapshot/r/_cleanup?nonsense=1'],
  analyze: ['POST', '/_snapshot/r/_analyze?nonsense=1'],
  clone: ['PUT', '/_snapshot/r/s/_clone/t?nonsense=1'],
  own: ['POST', '/_snapkeep/unknown'],
  listPolicies: ['GET', '/_slm/policy?nonsense=1'],
  putPolicy: ['PUT', '/_slm/policy/p?nonsense=1'],
  listSmPolicies: ['GET', '/_plugins/_sm/policies?nonsense=1'],
  createSmPolicy: ['POST', '/_plugins/_sm/policies/p?nonsense=1'],
  health: ['GET', '/_health_report/slm?nonsense=1'],
  stopPolicies: ['POST', '/_slm/stop?nonsense=1'],
} as const;
type Call = keyof typeof CALLS;
const READS: Call[] = ['list', 'listSnapshots', 'status', 'jobs', 'listPolicies', 'listSmPolicies', 'health'];
const CREATES: Call[] = ['create', 'createByPost'];

describe.each([
  ['that says what users may do', true],
  ['that has to be tried', false],
])('SNAPKEEP_AUTH=cluster, before a cluster %s', (_name, hasPrivileges) => {
  let cluster: SecuredCluster;
  let door: FrontDoor;

  beforeAll(async () => {
    cluster = await startSecuredCluster({ users: USERS, hasPrivileges });
    const [username, password] = OWN.split(':');
    door = await startFrontDoor({ cluster: { url: cluster.url, username, password }, auth: 'cluster' });
  });

  afterAll(async () => {
    await door.stop();
    await cluster.stop();
  });

  beforeEach(() => void (cluster.seen.length = 0));

  const call = async (
    [method, target]: readonly [string, string],
    user?: string,
    headers: Record<string, string> = {},
  ): Promise<Response> =>
    fetch(door.url + target, {
      method,
      headers: { ...(user === undefined ? {} : { authorization: basic(user) }), ...headers },
    });

  afterEach(() => {
    expect(cluster.seen.filter(({ authorization }) => authorization === basic(OWN))).toEqual([]);
  });

  it.each(Object.keys(CALLS) as Call[])('%s: nobody and a wrong password hear the cluster’s own 401', async (name) => {
    for (const user of [undefined, 'ann:wrong']) {
      const answer = await call(CALLS[name], user);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="security", charset="UTF-8"');
      expect(await answer.json()).toMatchObject({ error: { type: 'security_exception' }, status: 401 });
    }
  });

  it.each(Object.keys(CALLS) as Call[])('%s: who may do it is let in, the others hear 403', async (name) => {
    const expected = {
      'ann:a': LET_IN,
      'sue:s': READS.includes(name) || CREATES.includes(name) ? LET_IN : 403,
      'ron:r': READS.includes(name) ? LET_IN : 403,
      'out:o': 403,
    };
    const heard: Record<string, number> = {};
    for (const user of Object.keys(expected)) heard[user] = (await call(CALLS[name], user)).status;
    expect(heard).toEqual(expected);
    // Nothing that exists is touched in finding it out.
    const changes = cluster.seen.filter(({ method }) => method !== 'GET').map(({ url }) => url);
    const harmless =
      /^\/(_security\/user\/_has_privileges|_snapshot\/snapkeep-[0-9a-f-]{36}(\/snapkeep-[0-9a-f-]{36})?)$/;
    for (const url of changes) expect(url).toMatch(harmless);
  });

  it('says what is missing, in the words of Elasticsearch', async () => {
    const answer = await call(CALLS.delete, 'ron:r');
    expect(await answer.json()).toMatchObject({
      error: {
        type: 'security_exception',
        reason: expect.stringMatching(/permissions|cluster:admin\/snapshot\/delete/),
      },
      status: 403,
    });
  });

  it('passes requests on with the caller’s credentials, or with none', async () => {
    for (const user of ['ann:a', 'ron:r', 'ann:wrong', undefined]) await call(['GET', '/logs/_search'], user);
    expect(cluster.seen.map(({ authorization }) => authorization)).toEqual([
      basic('ann:a'),
      basic('ron:r'),
      basic('ann:wrong'),
      undefined,
    ]);
    expect((await call(['DELETE', '/_data_stream/x'], 'ron:r')).status).toBe(403);
    expect((await call(['GET', '/logs/_search'])).headers.get('www-authenticate')).toContain('Basic');
  });

  it('carries whatever else says who calls, as it came, in its own questions too', async () => {
    const identity = {
      authorization: 'ApiKey abc',
      'es-security-runas-user': 'ron',
      'es-client-authentication': 'SharedSecret x',
      'x-forwarded-for': '10.0.0.1',
    };
    for (const target of ['/logs/_search', '/_snapshot?nonsense=1']) {
      cluster.seen.length = 0;
      await call(['GET', target], undefined, { ...identity, 'accept-encoding': 'br', 'if-none-match': 'x' });
      expect(cluster.seen.length).toBeGreaterThan(0);
      for (const { headers } of cluster.seen) expect(headers).toMatchObject(identity);
    }
    expect(cluster.seen[0].headers).not.toHaveProperty('if-none-match');
  });

  it('decides once for a burst of one caller, and never for one caller what another may do', async () => {
    await sleep(2_100);
    const users = ['ann:a', 'out:o', 'ann:wrong'];
    const burst = Array.from({ length: 60 }, (_, i) => users[i % 3]);
    const heard = await Promise.all(burst.map(async (user) => (await call(CALLS.register, user)).status));
    expect(heard).toEqual(burst.map((user) => ({ 'ann:a': LET_IN, 'out:o': 403, 'ann:wrong': 401 })[user]));
    expect(cluster.seen.length).toBeLessThanOrEqual(10);
    // Of one password, but as somebody else.
    const asOther = await call(CALLS.register, 'ann:a', { 'es-security-runas-user': 'out' });
    expect(asOther.status).toBe(LET_IN);
    expect(cluster.seen.at(-1)!.headers).toMatchObject({ 'es-security-runas-user': 'out' });
  });

  it('hears of a withdrawn privilege within seconds', async () => {
    cluster.setRole('tim:t', 'admin');
    expect((await call(CALLS.delete, 'tim:t')).status).toBe(LET_IN);
    cluster.setRole('tim:t', 'reader');
    await sleep(2_100);
    expect((await call(CALLS.delete, 'tim:t')).status).toBe(403);
  });

  it('answers health to everybody, and nothing else of its own', async () => {
    expect((await call(['GET', '/_snapkeep/health'])).status).toBe(503);
    expect((await call(['POST', '/_snapkeep/health'])).status).toBe(401);
    expect((await call(['GET', '/_snapkeep/health/x'])).status).toBe(401);
  });
});

describe('SNAPKEEP_AUTH=none', () => {
  it('lends Snapkeep’s credentials to everybody', async () => {
    const cluster = await startSecuredCluster({ users: USERS });
    const [username, password] = OWN.split(':');
    const door = await startFrontDoor({ cluster: { url: cluster.url, username, password }, auth: 'none' });
    try {
      const headers = { authorization: basic('ron:r') };
      expect((await fetch(`${door.url}/_aliases`, { method: 'POST', headers })).status).toBe(200);
      expect((await fetch(`${door.url}/_snapshot/r/s?nonsense=1`, { method: 'DELETE' })).status).toBe(LET_IN);
      expect(cluster.seen.length).toBeGreaterThan(0);
      expect(cluster.seen.every(({ authorization }) => authorization === basic(OWN))).toBe(true);
    } finally {
      await door.stop();
      await cluster.stop();
    }
  });
});

it('says that nobody can tell what callers may do while the cluster is away', async () => {
  const door = await startFrontDoor({ cluster: { url: 'http://127.0.0.1:1' }, auth: 'cluster' });
  try {
    const answer = await fetch(`${door.url}/_snapshot`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { type: 'cluster_unavailable_exception' } });
  } finally {
    await door.stop();
  }
});
