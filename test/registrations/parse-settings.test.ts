import { parseByteSize } from '../../src/elasticsearch/values';
import { parseNewSettings, parseShownSettings } from '../../src/registrations/parse-settings';

const POLICY = { pathRepo: ['/repositories'], allowedEndpoints: ['loopback'] };
const OSS = { endpoint: 'http://127.0.0.1:1', bucket: 'bucket', access_key_id: 'id', secret_access_key: 'secret' };
/** Names that every object has members of. */
const INHERITED = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

const refusal = (type: string, settings: Record<string, unknown>): string => {
  try {
    parseNewSettings(type, settings, POLICY);
  } catch (error) {
    expect(error).toMatchObject({ code: 'repository_settings_invalid' });
    return (error as Error).message;
  }
  throw new Error('not refused');
};

test.each([...INHERITED, 'ftp', ''])('type [%s] does not exist', (type) => {
  expect(refusal(type, {})).toBe(`repository type [${type}] does not exist; known types are [oss, s3, fs]`);
});

test.each(['url', 'source', 'azure', 'gcs', 'hdfs'])('type [%s] of the engines is refused with a reason', (type) => {
  expect(refusal(type, {})).toMatch(new RegExp(`^repository type \\[${type}\\] is not supported: .+; known types are`));
});

test('the number of snapshots is bounded as in Elasticsearch', () => {
  const limit = (value?: unknown): number =>
    parseNewSettings('fs', { location: 'a', max_number_of_snapshots: value ?? null }, POLICY).write.maxSnapshots;
  expect(limit()).toBe(2_147_483_647);
  expect([limit(1), limit('500'), limit('2147483647')]).toEqual([1, 500, 2_147_483_647]);
  for (const value of [0, -1, 'x', '1.5', '', 3_000_000_000]) {
    expect(refusal('fs', { location: 'a', max_number_of_snapshots: value })).toContain(`value [${value}]`);
  }
});

test.each(INHERITED)('setting [%s] is unknown', (name) => {
  const settings = JSON.parse(`{"location":"a","${name}":"x"}`) as Record<string, unknown>;
  expect(refusal('fs', settings)).toContain(`unknown setting [${name}] of repository type [fs]`);
});

test.each(['10constructor', '10ToString', '10__proto__', '10valueof'])('[%s] is no size', (value) => {
  expect(() => parseByteSize('chunk_size', value)).toThrow(/as a size in bytes/);
});

test('what is shown holds no secret, and leads to the same store', () => {
  const parsed = parseNewSettings(
    'oss',
    { ...OSS, security_token: 'token', base_path: '/a/', compress: false },
    POLICY,
  );
  expect(parsed.shown).toEqual({ endpoint: OSS.endpoint, bucket: 'bucket', base_path: '/a/', compress: 'false' });
  expect(parsed.secrets).toEqual({ accessKeyId: 'id', secretAccessKey: 'secret', securityToken: 'token' });
  expect(parseShownSettings('oss', parsed.shown, POLICY)).toEqual({ store: parsed.store, write: parsed.write });
});

test('an oss repository without keys needs a role: that of the machine, or that of a token', () => {
  const { access_key_id: _, secret_access_key: __, ...keyless } = OSS;
  const role = { roleArn: 'r', providerArn: 'p', tokenFile: 'f' };
  const environment = { metadataUrl: 'http://metadata', stsUrl: 'http://sts' };
  expect(refusal('oss', keyless)).toBe('missing setting [access_key_id]');
  const machine = parseNewSettings('oss', { ...keyless, ecs_ram_role: 'backups' }, { ...POLICY, environment });
  expect(machine).toMatchObject({ store: { ecsRamRole: 'backups' }, shown: { ecs_ram_role: 'backups' } });
  expect(machine.secrets).toBeUndefined();
  const policy = { ...POLICY, environment: { ...environment, role } };
  expect(parseNewSettings('oss', keyless, policy).secrets).toBeUndefined();
  expect(parseNewSettings('oss', OSS, policy).secrets).toMatchObject({ accessKeyId: 'id' });
  expect(refusal('oss', { ...OSS, ecs_ram_role: 'backups' })).toContain('[ecs_ram_role] stands for keys');
  expect(refusal('oss', { ...keyless, ecs_ram_role: '../x' })).toContain('is not the name of a RAM role');
});

describe('of a repository of type s3', () => {
  const S3 = { bucket: 'b.ucket', access_key: 'id', secret_key: 'secret' };
  const at = (settings: Record<string, unknown>) =>
    parseNewSettings(
      's3',
      { ...S3, ...settings },
      { ...POLICY, allowedEndpoints: ['loopback', '*.amazonaws.com', 's3.example'] },
    );

  test.each([
    [{}, { endpoint: 'https://s3.us-east-1.amazonaws.com', region: 'us-east-1', pathStyle: true }],
    [{ bucket: 'bucket' }, { endpoint: 'https://s3.us-east-1.amazonaws.com', pathStyle: false }],
    [{ region: 'eu-west-1' }, { endpoint: 'https://s3.eu-west-1.amazonaws.com', region: 'eu-west-1' }],
    [{ endpoint: 's3.eu-north-1.amazonaws.com' }, { region: 'eu-north-1' }],
    [
      { endpoint: 's3.example', protocol: 'http' },
      { endpoint: 'http://s3.example', region: 'us-east-1' },
    ],
    [{ bucket: 'bucket', endpoint: 's3.example', path_style_access: true }, { pathStyle: true }],
    [
      { bucket: 'bucket', endpoint: 'http://localhost:9000' },
      { endpoint: 'http://localhost:9000', pathStyle: true },
    ],
    [{ bucket: 'bucket', endpoint: 'http://127.0.0.1:9000' }, { pathStyle: true }],
    [
      { storage_class: 'standard_ia', server_side_encryption: 'true' },
      { storageClass: 'STANDARD_IA', serverSideEncryption: true },
    ],
  ])('%j is addressed as %j', (settings, expected) => {
    expect(at(settings).store).toMatchObject(expected);
  });

  test.each([
    [{ bucket: 'Bucket' }, '[bucket] is not a bucket name'],
    [{ bucket: '10.0.0.1' }, '[bucket] is not a bucket name'],
    [{ bucket: 'fast--use1-az4--x-s3' }, '[bucket] names a directory bucket'],
    [{ endpoint: 'https://evil.example' }, 'SNAPKEEP_ALLOWED_ENDPOINTS admits'],
    [{ region: 'evil.example/' }, '[region] is not a region'],
    [{ endpoint: 's3.example', region: 'A B' }, '[region] is not a region'],
    [{ client: 'secondary' }, 'setting [client] is [secondary]; it can be [default]'],
    [{ storage_class: 'glacier' }, 'setting [storage_class] is [GLACIER]'],
    [{ path_style_access: 'yes' }, 'setting [path_style_access] is [yes]; it can be [true, false]'],
    [{ secret_key: '' }, 'missing setting [secret_key]'],
    [{ access_key_id: 'id' }, 'unknown setting [access_key_id] of repository type [s3]'],
  ])('%j is refused', (settings, reason) => {
    expect(() => at(settings)).toThrow(reason);
  });

  test('keys are secrets, and shown to nobody', () => {
    const { shown, secrets } = at({ session_token: 'token' });
    expect(shown).toEqual({ bucket: 'b.ucket' });
    expect(secrets).toEqual({ accessKey: 'id', secretKey: 'secret', sessionToken: 'token' });
  });
});

test('a store without credentials has no secrets, and takes none', () => {
  expect(parseNewSettings('fs', { location: 'a' }, POLICY).secrets).toBeUndefined();
  expect(refusal('fs', { location: 'a', access_key_id: 'id' })).toBe(
    'unknown setting [access_key_id] of repository type [fs]; known are ' +
      '[chunk_size, compress, location, max_number_of_snapshots, max_restore_bytes_per_sec, max_snapshot_bytes_per_sec, readonly]',
  );
});

test('credentials that are missing are named', () => {
  expect(refusal('oss', { ...OSS, access_key_id: '' })).toBe('missing setting [access_key_id]');
  expect(refusal('oss', { ...OSS, secret_access_key: null })).toBe('missing setting [secret_access_key]');
});

test('a value is bounded, and so are all together', () => {
  expect(refusal('fs', { location: 'x'.repeat(4_097) })).toContain(
    '[location] has [4097] bytes, and [4096] are the most',
  );
  expect(refusal('fs', { location: 'é'.repeat(2_049) })).toContain('has [4098] bytes');
  const long = 'x'.repeat(4_000);
  const all = {
    ...OSS,
    access_key_id: long,
    secret_access_key: long,
    security_token: long,
    base_path: long,
    region: long,
  };
  expect(refusal('oss', all)).toMatch(/^the settings have \[20\d\d\d\] bytes, and \[16384\] are the most$/);
  const { secrets } = parseNewSettings('oss', { ...OSS, security_token: 'x'.repeat(4_096) }, POLICY);
  expect(secrets).toMatchObject({ securityToken: 'x'.repeat(4_096) });
});

test('an error repeats no more of a name than a person reads', () => {
  expect(refusal('x'.repeat(100_000), {}).length).toBeLessThan(300);
  expect(refusal('fs', { ['x'.repeat(100_000)]: 1 }).length).toBeLessThan(400);
});
