import { checkRepositoryName, checkSnapshotName } from '../../src/elasticsearch/snapshot-name-rules';

const refusal = (check: () => void): string | undefined => {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
};

describe('names', () => {
  it.each(['snapshot_1', 'backup-2014.10.28', 'ünïcode', 'a', 'curator-20260101', 'x'.repeat(255)])(
    'lets a snapshot be called %s',
    (name) => {
      expect(refusal(() => checkSnapshotName('repo', name))).toBeUndefined();
    },
  );

  it.each([
    ['', 'cannot be empty'],
    ['two words', 'must not contain whitespace'],
    ['a,b', `must not contain ','`],
    ['a#b', `must not contain '#'`],
    ['_all', `must not start with '_'`],
    ['Snapshot', 'must be lowercase'],
    ['a*', `must not contain the following characters ['\\','/','*','?','"','<','>','|',' ',',']`],
    ['a/b', 'must not contain the following characters'],
    ['..', `must not be '.' or '..'`],
    ['a\u0000b', 'must not contain control characters'],
    ['x'.repeat(256), 'is too long'],
  ])('refuses to call a snapshot %j in the words of Elasticsearch', (name, reason) => {
    expect(refusal(() => checkSnapshotName('repo', name))).toContain(
      `[repo:${name}] Invalid snapshot name [${name}], ${reason}`,
    );
  });

  it('lets a repository have capitals, but no path in its name', () => {
    expect(refusal(() => checkRepositoryName('My_Backup'))).toBeUndefined();
    expect(refusal(() => checkRepositoryName('a/b'))).toContain(
      '[a/b] Invalid repository name [a/b], must not contain',
    );
    expect(refusal(() => checkRepositoryName('_all'))).toContain(`must not start with '_'`);
    expect(refusal(() => checkRepositoryName('a#'))).toContain(`must not contain '#'`);
  });
});
