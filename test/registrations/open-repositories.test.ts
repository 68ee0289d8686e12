import { type Registration } from '../../src/contracts/registration';
import { OpenRepositories } from '../../src/registrations/open-repositories';
import { createSealer } from '../../src/registrations/sealer';

const POLICY = { pathRepo: ['/repositories'], allowedEndpoints: ['loopback'] };
const SEALER = createSealer('a secret of sixteen characters');
/** As the first release wrote it: registrations outlive releases. */
const REGISTERED: Registration = {
  name: 'backups',
  type: 'oss',
  settings: { endpoint: 'http://127.0.0.1:1', bucket: 'bucket', base_path: 'a/b', max_restore_bytes_per_sec: '1mb' },
  sealedSecrets:
    'v1:AAECAwQFBgcICQoLa7K0Bdj8erdQ36SzZ5kI9QeRX/D/rAMRXK1KNyWtb9WDsFFG7sNxlkfDxZQPu35EmR03IabHGy8SWR2cSsCq87/00YeoRDflQW7bh8HE55uteVnqZt50',
  revision: 1,
};

test('a registration is opened with what it shows and what it sealed', async () => {
  const repositories = new OpenRepositories(POLICY, SEALER);
  const { store, write } = repositories.open(REGISTERED);
  expect(store.description).toBe('oss://bucket/a/b');
  expect(write).toMatchObject({ maxRestoreBytesPerSec: 1024 ** 2, readonly: false, compress: true });
  expect(repositories.open(REGISTERED).store).toBe(store);
  expect(repositories.open({ ...REGISTERED, revision: 2 }).store).not.toBe(store);
  await repositories.close();
});

test('credentials come back as they were sealed, by the same key only', () => {
  const sealed = REGISTERED.sealedSecrets ?? '';
  const secrets = { accessKeyId: 'id', secretAccessKey: 'secret', securityToken: 'token' };
  expect(SEALER.unseal(sealed)).toEqual(secrets);
  expect(SEALER.unseal(SEALER.seal(secrets))).toEqual(secrets);
  const refused = expect.objectContaining({
    code: 'repository_settings_invalid',
    message: expect.stringContaining('register it again'),
  });
  expect(() => createSealer('another secret of that length').unseal(sealed)).toThrow(refused);
  expect(() => SEALER.unseal(`${sealed.slice(0, -8)}AAAAAAAA`)).toThrow(refused);
});

test('a registration that this process does not admit is refused', () => {
  const elsewhere = new OpenRepositories({ ...POLICY, allowedEndpoints: ['*.aliyuncs.com'] }, SEALER);
  expect(() => elsewhere.open(REGISTERED)).toThrow(/names host \[127\.0\.0\.1\], which is not allowed here/);
});
