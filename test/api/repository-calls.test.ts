import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Answer, type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

interface Nodes {
  readonly nodes: Readonly<Record<string, { readonly name: string }>>;
}

describe('calls on a repository', () => {
  let snapkeep: RunningSnapkeep;
  let folder: string;

  const settings = (location: string): object => ({ type: 'fs', settings: { location: path.join(folder, location) } });
  const register = (name: string, body = settings(name), more = ''): Promise<Answer> =>
    snapkeep.call('PUT', `/_snapshot/${name}${more}`, body);
  const verify = (name: string): Promise<Answer> => snapkeep.call('POST', `/_snapshot/${name}/_verify`);
  const names = ({ json }: Answer): string[] => Object.values((json as Nodes).nodes).map(({ name }) => name);
  const files = async (location: string): Promise<string[]> =>
    (await readdir(path.join(folder, location), { recursive: true, withFileTypes: true }))
      .filter((one) => one.isFile())
      .map((one) => path.relative(path.join(folder, location), path.join(one.parentPath, one.name)))
      .filter((name) => !name.startsWith('.'))
      .sort();

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'snapkeep-calls-'));
    snapkeep = await startSnapkeep({ env: { SNAPKEEP_PATH_REPO: folder } });
    await snapkeep.call('PUT', '/logs/_doc/1?refresh=true', { n: 1 });
    await snapkeep.call('PUT', '/users/_doc/1?refresh=true', { n: 2 });
    for (const name of ['a', 'never-written']) expect((await register(name)).status).toBe(200);
    await snapkeep.call('PUT', '/_snapshot/a/first?wait_for_completion=true');
  }, 240_000);

  afterAll(async () => {
    await snapkeep.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(['_verify', '_cleanup', '_analyze'])('%s: a repository that is missing is a 404', async (action) => {
    const answer = await snapkeep.call('POST', `/_snapshot/none/${action}`);
    expect(answer).toMatchObject({ status: 404, json: { error: { type: 'repository_missing_exception' } } });
    expect(answer.json.error.reason).toBe('[none] missing');
  });

  describe('the uuid', () => {
    const uuid = async (name: string): Promise<unknown> =>
      (await snapkeep.call('GET', `/_snapshot/${name}`)).json[name].uuid as unknown;

    it('is that of the place, for every registration of it, and unknown while nobody wrote there', async () => {
      await register('a-again', settings('a'));
      expect(await uuid('a')).toMatch(/^[A-Za-z0-9_-]{22}$/);
      expect(await uuid('a-again')).toBe(await uuid('a'));
      expect(await uuid('never-written')).toBeUndefined();
      await snapkeep.call('DELETE', '/_snapshot/a-again');
    });

    it('is left out when the store does not answer, and the repository is shown', async () => {
      const gone = { ...snapkeep.ossSettings('gone'), endpoint: 'http://127.0.0.1:1' };
      await register('gone', { type: 'oss', settings: gone }, '?verify=false');
      const answer = await snapkeep.call('GET', '/_snapshot');
      expect(answer.json.gone).toMatchObject({ type: 'oss', settings: { bucket: 'snapshots' } });
      expect(answer.json.gone.uuid).toBeUndefined();
      expect(answer.json.a.uuid).toBe(await uuid('a'));
      await snapkeep.call('DELETE', '/_snapshot/gone');
    });
  });

  it('max_number_of_snapshots: one snapshot or clone more is refused, and fits again after a deletion', async () => {
    const { type, settings: given } = settings('few') as { type: string; settings: object };
    await register('few', { type, settings: { ...given, max_number_of_snapshots: 1 } });
    const create = (name: string): Promise<Answer> =>
      snapkeep.call('PUT', `/_snapshot/few/${name}?wait_for_completion=true`, { indices: 'users' });
    expect((await create('one')).status).toBe(200);
    const clone = (): Promise<Answer> => snapkeep.call('PUT', '/_snapshot/few/one/_clone/two', { indices: '*' });
    for (const attempt of [() => create('two'), clone]) {
      const answer = await attempt();
      expect(answer).toMatchObject({ status: 500, json: { error: { type: 'snapshot_exception' } } });
      expect(answer.json.error.reason).toBe(
        '[few:two] Cannot add another snapshot to this repository as it already contains [1] snapshots and is configured to hold up to [1] snapshots only.',
      );
    }
    expect((await create('one')).status).toBe(400);
    await snapkeep.call('DELETE', '/_snapshot/few/one');
    expect((await create('two')).status).toBe(200);
  });

  describe('_verify', () => {
    it('names the front door and every worker, and leaves nothing behind', async () => {
      const before = await files('a');
      expect(names(await verify('a'))).toHaveLength(2);
      const pid = await snapkeep.startAnotherWorker();
      const answer = await until(
        () => verify('a'),
        (one) => names(one).length === 3,
      );
      expect(names(answer).some((name) => name.startsWith(`${pid}@`))).toBe(true);
      expect(await files('a')).toEqual(before);
    });

    it('works for a readonly repository', async () => {
      const { type, settings: given } = settings('a') as { type: string; settings: object };
      await register('look', { type, settings: { ...given, readonly: true } });
      expect(names(await verify('look'))).toHaveLength(3);
      expect((await files('a')).filter((name) => name.startsWith('snapkeep-verify'))).toEqual([]);
    });

    it('finds one worker that sees another folder, and says which', async () => {
      const pid = await snapkeep.startAnotherWorker({ SNAPKEEP_PATH_REPO: path.join(folder, 'elsewhere') });
      const answer = await until(
        () => verify('a'),
        ({ status }) => status !== 200,
      );
      expect(answer).toMatchObject({ status: 500, json: { error: { type: 'repository_verification_exception' } } });
      expect(answer.json.error.reason).toMatch(new RegExp(`^\\[a\\] worker \\[.*${pid}@`));
      process.kill(pid, 'SIGKILL');
      expect(names(await verify('a'))).toHaveLength(3);
    });

    it('says that the front door can not use the store', async () => {
      const gone = { ...snapkeep.ossSettings('x'), secret_access_key: 'wrong' };
      await register('denied', { type: 'oss', settings: gone }, '?verify=false');
      const answer = await verify('denied');
      expect(answer).toMatchObject({ status: 500, json: { error: { type: 'repository_verification_exception' } } });
      expect(answer.json.error.reason).toMatch(/^\[denied\] the front door: /);
    });
  });

  describe('_cleanup', () => {
    const cleanUp = (name: string): Promise<Answer> => snapkeep.call('POST', `/_snapshot/${name}/_cleanup`);

    it('deletes what no snapshot refers to, tells how much, and nothing else', async () => {
      const before = await files('a');
      const prefix = path.join(folder, 'a', 'snapkeep-snapshots', 'x'.repeat(22));
      await mkdir(path.join(prefix, 'index', '0'), { recursive: true });
      await writeFile(path.join(prefix, 'index', '0', '0-5.abcdefgh.bulk'), 'x'.repeat(100));
      await writeFile(path.join(prefix, 'plan.abcdefgh.part.json'), '{}');
      const answer = await cleanUp('a');
      expect(answer).toMatchObject({ status: 200, json: { results: { deleted_bytes: 102, deleted_blobs: 2 } } });
      const after = await files('a');
      expect(after.filter((name) => !name.startsWith('snapkeep-root-'))).toEqual(
        before.filter((name) => !name.startsWith('snapkeep-root-')),
      );
      expect((await cleanUp('a')).json).toEqual({ results: { deleted_bytes: 0, deleted_blobs: 0 } });
      const restored = await snapkeep.call('POST', '/_snapshot/a/first/_restore?wait_for_completion=true', {
        indices: 'logs',
        rename_pattern: 'logs',
        rename_replacement: 'logs-after-cleanup',
      });
      expect(restored.json.snapshot.shards.failed).toBe(0);
    });

    it('has nothing to do where nobody wrote, and writes nothing there', async () => {
      expect((await cleanUp('never-written')).json).toEqual({ results: { deleted_bytes: 0, deleted_blobs: 0 } });
      expect(await files('never-written')).toEqual([]);
    });

    it('spares what running snapshots write', async () => {
      const text = 'x'.repeat(400);
      const lines = Array.from({ length: 3_000 }, (_, i) => `{"index":{"_id":"${i}"}}\n{"n":${i},"text":"${text}"}\n`);
      await snapkeep.call('POST', '/big/_bulk?refresh=true', lines.join(''), {
        'content-type': 'application/x-ndjson',
      });
      const { type, settings: given } = settings('busy') as { type: string; settings: object };
      await register('busy', { type, settings: { ...given, max_snapshot_bytes_per_sec: '300kb', compress: false } });
      await snapkeep.call('PUT', '/_snapshot/busy/slow', { indices: 'big' });
      const finished = async (): Promise<boolean> =>
        (await snapkeep.call('GET', '/_snapshot/busy/slow')).json.snapshots[0].state !== 'IN_PROGRESS';
      let cleanUps = 0;
      while (!(await finished())) {
        expect((await cleanUp('busy')).json).toEqual({ results: { deleted_bytes: 0, deleted_blobs: 0 } });
        cleanUps++;
      }
      expect(cleanUps).toBeGreaterThan(0);
      expect((await snapkeep.call('GET', '/_snapshot/busy/slow')).json.snapshots[0].state).toBe('SUCCESS');
    }, 60_000);

    it('is refused for a readonly repository, with the status of the engines', async () => {
      const answer = await cleanUp('look');
      expect(answer).toMatchObject({ status: 500, json: { error: { type: 'repository_exception' } } });
      expect(answer.json.error.reason).toContain('readonly');
    });
  });

  describe('_analyze', () => {
    const analyze = (name: string, query: string): Promise<Answer> =>
      snapkeep.call('POST', `/_snapshot/${name}/_analyze?${query}`);

    it('measures the store from all workers and leaves nothing behind', async () => {
      const before = await files('a');
      const answer = await analyze('a', 'blob_count=30&max_blob_size=200kb&max_total_data_size=2mb&seed=5');
      expect(answer.json).toMatchObject({
        repository: 'a',
        blob_count: 30,
        concurrency: 10,
        read_node_count: 10,
        max_blob_size: '200kb',
        max_blob_size_bytes: 204_800,
        seed: 5,
        issues_detected: [],
      });
      const { write, read } = answer.json.summary;
      expect(write.count).toBe(30);
      expect(write.total_size_bytes).toBeGreaterThan(204_800);
      // Two workers by now, each of which reads all.
      expect(read).toMatchObject({ count: 60, total_size_bytes: 2 * write.total_size_bytes });
      expect(write.total_elapsed_nanos).toBeGreaterThan(0);
      expect(await files('a')).toEqual(before);
    });

    it('writes the same blobs for the same seed', async () => {
      const size = async (): Promise<unknown> =>
        (await analyze('a', 'blob_count=10&max_blob_size=10kb&seed=9')).json.summary.write.total_size_bytes;
      expect(await size()).toBe(await size());
    });

    it.each(['blob_count=0', 'concurrency=x', 'max_blob_size=1tb', 'max_total_data_size=5&blob_count=6', 'odd=1'])(
      'is refused with %s',
      async (query) => {
        expect(await analyze('a', query)).toMatchObject({
          status: 400,
          json: { error: { type: 'illegal_argument_exception' } },
        });
      },
    );

    it('is refused for a readonly repository', async () => {
      expect((await analyze('look', '')).status).toBe(500);
    });
  });
});
