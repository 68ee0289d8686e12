import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { registrationActivities } from '../../activities/registration-activities';
import { OpenRepositories } from '../../src/registrations/open-repositories';
import { createSealer } from '../../src/registrations/sealer';

/** The verification by a worker before a repository is registered, in a real folder. */

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'snapkeep-verify-'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

async function verify(settings: Record<string, string> = {}): Promise<void> {
  const policy = { pathRepo: [root], allowedEndpoints: [] };
  const repositories = new OpenRepositories(policy, createSealer('a secret of sixteen characters'));
  const { verifyRepository } = registrationActivities({ repositories, identity: 'a test' });
  const registration = {
    name: 'backups',
    type: 'fs' as const,
    settings: { location: join(root, 'place'), ...settings },
  };
  await new MockActivityEnvironment().run(verifyRepository, { registration });
}

async function visible(): Promise<string[]> {
  return (await readdir(join(root, 'place'))).filter((name) => !name.startsWith('.snapkeep')).sort();
}

async function lies(...keys: string[]): Promise<void> {
  for (const key of keys) {
    const path = join(root, 'place', key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, 'x');
  }
}

test('an empty place can be used, and nothing is left of the proof', async () => {
  await verify();
  expect(await visible()).toEqual([]);
});

test.each<Record<string, string>>([{}, { readonly: 'true' }])(
  'a native repository is refused, with the way out (%j)',
  async (settings) => {
    await lies('index-4', 'index.latest', 'snap-kWvZNUFhTneYMTOFw6iKxg.dat', 'indices/6TK3FlXZSl2M7XWlVCHYlA/0/__0');
    await expect(verify(settings)).rejects.toMatchObject({
      type: 'repository_verification_exception',
      message: expect.stringMatching(
        /native repository of Elasticsearch or OpenSearch: \[index-4\].* another \[location\]/,
      ),
    });
    expect(await visible()).toEqual(['index-4', 'index.latest', 'indices', 'snap-kWvZNUFhTneYMTOFw6iKxg.dat']);
  },
);

test('somebody’s files are refused, too', async () => {
  await lies('photos/1.jpg');
  await expect(verify()).rejects.toMatchObject({
    type: 'repository_verification_exception',
    message: expect.stringContaining('[photos/1.jpg]'),
  });
});
