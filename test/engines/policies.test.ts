/** Policies of both products in front of each engine: by schedules of Temporal, whatever the engine itself knows. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, enginesTriedInFull, startEngine } from '../support/engines';
import { type Answer, type RunningSnapkeep, startSnapkeep, until } from '../support/running-snapkeep';

for (const { name, title, missing } of enginesTriedInFull()) {
  (missing === undefined ? describe : describe.skip)(`${title}${missing === undefined ? '' : ` (${missing})`}`, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'snapkeep-policies-'));
    let engine: Engine;
    let snapkeep: RunningSnapkeep;
    const ok = async (method: string, target: string, body?: unknown): Promise<Answer> => {
      const answer = await snapkeep.call(method, target, body);
      if (answer.status >= 300) throw new Error(`${method} ${target}: ${answer.status} ${answer.text}`);
      return answer;
    };

    beforeAll(async () => {
      engine = await startEngine(name, { dataDir, javaHeap: '768m' });
      snapkeep = await startSnapkeep({ clusterUrl: engine.url });
      await ok('PUT', '/_snapshot/r', { type: 'oss', settings: snapkeep.ossSettings(`policies-${name}`) });
      for (let i = 0; i < 30; i++) await ok('PUT', `/logs/_doc/${i}`, { i });
      await ok('POST', '/logs/_refresh');
    });

    afterAll(async () => {
      await snapkeep?.stop();
      await engine?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    it('takes a snapshot by an SLM policy that restores', async () => {
      await ok('PUT', '/_slm/policy/daily', {
        schedule: '0 0 0/12 * * ?',
        name: '<auto-snap-{now/d}>',
        repository: 'r',
        config: { indices: ['logs'], include_global_state: false },
        retention: { expire_after: '30d', min_count: 5, max_count: 50 },
      });
      const { snapshot_name } = (await ok('POST', '/_slm/policy/daily/_execute')).json;
      const shown = await until(
        async () => (await ok('GET', '/_slm/policy/daily')).json.daily,
        ({ last_success, last_failure }) => last_success !== undefined || last_failure !== undefined,
      );
      expect(shown).toMatchObject({ last_success: { snapshot_name }, stats: { snapshots_taken: 1 } });
      expect((await ok('GET', '/_health_report/slm')).json).toMatchObject({
        cluster_name: expect.stringMatching(/./),
        indicators: { slm: { status: 'green' } },
      });
      const restore = { rename_pattern: 'logs', rename_replacement: 'restored' };
      await ok('POST', `/_snapshot/r/${snapshot_name}/_restore?wait_for_completion=true`, restore);
      expect((await ok('GET', '/restored/_count')).json.count).toBe(30);
    });

    it('keeps a policy of snapshot management', async () => {
      const schedule = { cron: { expression: '0 8 * * *', timezone: 'UTC' } };
      const policy = { creation: { schedule }, snapshot_config: { repository: 'r' } };
      const created = (await ok('POST', '/_plugins/_sm/policies/p', policy)).json;
      expect((await ok('GET', '/_plugins/_sm/policies/p')).json).toEqual(created);
      expect((await ok('GET', '/_plugins/_sm/policies/p/_explain')).json.policies[0]).toMatchObject({ enabled: true });
      await ok('DELETE', '/_plugins/_sm/policies/p');
    });
  });
}
