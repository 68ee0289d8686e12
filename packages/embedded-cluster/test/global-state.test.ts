import { startTestCluster, type TestCluster } from './support';

let test_: TestCluster;
beforeAll(async () => {
  test_ = await startTestCluster();
});
afterAll(() => test_.stop());

const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

it('keeps persistent settings over a restart, until they are reset', async () => {
  await call('PUT', '/_cluster/settings', { persistent: { 'a.b': 1, a: { c: ['x', 'y'] } } });
  await test_.restart();
  const flat = { persistent: { 'a.b': '1', 'a.c': ['x', 'y'] }, transient: {} };
  expect((await call('GET', '/_cluster/settings?flat_settings=true')).json).toEqual(flat);
  expect((await call('GET', '/_cluster/settings')).json.persistent).toEqual({ a: { b: '1', c: ['x', 'y'] } });
  await call('PUT', '/_cluster/settings', { persistent: { 'a.b': null, 'a.c': null } });
  expect((await call('GET', '/_cluster/settings')).json.persistent).toEqual({});
  expect((await call('PUT', '/_cluster/settings', { transient: { a: 1 } })).status).toBe(400);
});

it.each([
  ['_component_template', { component_templates: [{ name: 'a', component_template: { n: 1 } }] }],
  ['_index_template', { index_templates: [{ name: 'a', index_template: { n: 1 } }] }],
  ['_ingest/pipeline', { a: { n: 1 } }],
])('keeps what is put to %s, byte for byte', async (path, listed) => {
  expect((await call('PUT', `/${path}/a`, '{"n":1.0}')).json).toEqual({ acknowledged: true });
  const { json, text } = await call('GET', `/${path}`);
  expect(json).toEqual(listed);
  expect(text).toContain('{"n":1.0}');
  expect((await call('GET', `/${path}/a`)).json).toEqual(listed);
  expect((await call('GET', `/${path}/b`)).status).toBe(404);
  expect((await call('DELETE', `/${path}/b`)).status).toBe(404);
  expect((await call('DELETE', `/${path}/*`)).status).toBe(200);
  expect((await call('GET', `/${path}/a`)).status).toBe(404);
});

it('keeps stored scripts and shows them in the cluster state', async () => {
  await call('PUT', '/_scripts/s', { script: { lang: 'painless', source: '1' } });
  const script = { lang: 'painless', source: '1' };
  expect((await call('GET', '/_scripts/s')).json).toEqual({ _id: 's', found: true, script });
  const state = await call('GET', '/_cluster/state/metadata?filter_path=metadata.stored_scripts');
  expect(state.json).toEqual({ metadata: { stored_scripts: { s: script } } });
  expect((await call('DELETE', '/_scripts/s')).status).toBe(200);
  expect((await call('GET', '/_scripts/s')).status).toBe(404);
});
