import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readSettings, SETTING_NAMES } from '../../src/process/settings';

const ROOT = path.resolve(__dirname, '../..');
const URL = 'http://es.example:9200';

describe('SNAPKEEP_AUTH', () => {
  test.each([
    ['nothing held, on loopback', {}, 'none'],
    [
      'a user',
      { SNAPKEEP_CLUSTER_URL: URL, SNAPKEEP_CLUSTER_USERNAME: 'u', SNAPKEEP_CLUSTER_PASSWORD: 'p' },
      'cluster',
    ],
    ['an API key', { SNAPKEEP_CLUSTER_URL: URL, SNAPKEEP_CLUSTER_API_KEY: 'k' }, 'cluster'],
    ['credentials in the URL', { SNAPKEEP_CLUSTER_URL: 'http://u:p@es.example:9200' }, 'cluster'],
    [
      'credentials, off loopback',
      { SNAPKEEP_HTTP_HOST: '0.0.0.0', SNAPKEEP_CLUSTER_URL: 'http://u:p@es:9200' },
      'cluster',
    ],
    ['an empty value', { SNAPKEEP_AUTH: '' }, 'none'],
    ['none, stated off loopback', { SNAPKEEP_HTTP_HOST: '0.0.0.0', SNAPKEEP_AUTH: 'none' }, 'none'],
    ['none, stated beside credentials', { SNAPKEEP_CLUSTER_URL: 'http://u:p@es:9200', SNAPKEEP_AUTH: 'none' }, 'none'],
    ['cluster, stated without credentials', { SNAPKEEP_CLUSTER_URL: URL, SNAPKEEP_AUTH: 'cluster' }, 'cluster'],
  ])('with %s', (_name, env, expected) => {
    expect(readSettings(env).auth).toBe(expected);
  });

  test.each([
    ['basic:/etc/htpasswd', /\[basic:…\] is not supported/],
    ['basic', /unknown value/],
    ['None', /unknown value/],
    ['off', /unknown value/],
  ])('refuses [%s], wherever it listens', (SNAPKEEP_AUTH, message) => {
    for (const SNAPKEEP_HTTP_HOST of ['127.0.0.1', '0.0.0.0']) {
      expect(() => readSettings({ SNAPKEEP_AUTH, SNAPKEEP_HTTP_HOST })).toThrow(message);
    }
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', 'snapkeep.example', '127.0.0.1.example'])(
    'has to be stated where %s is listened on without credentials',
    (SNAPKEEP_HTTP_HOST) => {
      expect(() => readSettings({ SNAPKEEP_HTTP_HOST })).toThrow(/needs SNAPKEEP_AUTH/);
    },
  );

  test.each(['127.0.0.1', '127.3.2.1', '::1', 'localhost'])('need not be where %s is', (SNAPKEEP_HTTP_HOST) => {
    expect(readSettings({ SNAPKEEP_HTTP_HOST }).auth).toBe('none');
  });
});

test('a password without a user is refused rather than ignored', () => {
  expect(() => readSettings({ SNAPKEEP_CLUSTER_URL: URL, SNAPKEEP_CLUSTER_PASSWORD: 'p4ss' })).toThrow(
    /SNAPKEEP_CLUSTER_PASSWORD needs SNAPKEEP_CLUSTER_USERNAME/,
  );
});

test.each(['*', 'http://snapkeep.example', 'a b', 'snapkeep.example/x', '*.', 'a,*'])(
  'SNAPKEEP_ALLOWED_HOSTS refuses [%s]',
  (SNAPKEEP_ALLOWED_HOSTS) => {
    expect(() => readSettings({ SNAPKEEP_ALLOWED_HOSTS })).toThrow(/SNAPKEEP_ALLOWED_HOSTS/);
  },
);

test('SNAPKEEP_ALLOWED_HOSTS takes names, ports, addresses and suffixes', () => {
  const { http } = readSettings({
    SNAPKEEP_ALLOWED_HOSTS: 'snapkeep, snapkeep.example:443, *.internal, [fd00::1]:9400',
  });
  expect(http.allowedHosts).toEqual(['snapkeep', 'snapkeep.example:443', '*.internal', '[fd00::1]:9400']);
});

test('a role that a token stands for is known by all its parts, or not at all', () => {
  const role = {
    ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/backups',
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/cluster',
    ALIBABA_CLOUD_OIDC_TOKEN_FILE: '/var/run/token',
  };
  expect(readSettings(role).store.environment?.role).toEqual({
    roleArn: 'acs:ram::1:role/backups',
    providerArn: 'acs:ram::1:oidc-provider/cluster',
    tokenFile: '/var/run/token',
  });
  expect(readSettings({}).store.environment).toEqual({
    metadataUrl: 'http://100.100.100.200',
    stsUrl: 'https://sts.aliyuncs.com',
    role: undefined,
  });
  expect(() => readSettings({ ...role, ALIBABA_CLOUD_ROLE_ARN: '' })).toThrow(/one is missing/);
});

describe('docs/operations.md', () => {
  const operations = readFileSync(path.join(ROOT, 'docs/operations.md'), 'utf8');
  const rows = operations.split('\n').filter((line) => line.startsWith('| `'));
  const first = rows.map((row) => row.split(' | ')[0]).join('\n');
  /** `SNAPKEEP_A_B`, `_C` in one row stand for SNAPKEEP_A_B and SNAPKEEP_A_C. */
  const documented = (name: string): boolean =>
    first.includes(`\`${name}\``) || rows.some((row) => shortened(row.split(' | ')[0]).includes(name));

  function shortened(cell: string): string[] {
    const [whole, ...rest] = [...cell.matchAll(/`([A-Z0-9_]+)`/g)].map(([, name]) => name);
    if (whole === undefined) return [];
    const stem = whole.slice(0, whole.lastIndexOf('_'));
    return [whole, ...rest.map((name) => (name.startsWith('_') ? stem + name : name))];
  }

  test.each(SETTING_NAMES)('has %s', (name) => {
    expect(documented(name)).toBe(true);
  });
});
