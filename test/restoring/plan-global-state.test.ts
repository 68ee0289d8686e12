import { STATE_REQUESTS } from '../../src/cluster/state/state-requests';
import { withoutRefusedPart } from '../../src/cluster/state/template-edits';
import { type GlobalState, type StatePart } from '../../src/contracts/global-state';
import { planThings } from '../../src/restoring/plan-global-state';

function state(parts: GlobalState['parts'], refused: GlobalState['refused'] = []): GlobalState {
  return { parts, refused };
}

function item(name: string, body = '{}') {
  return { name, body };
}

function plan(stored: GlobalState, present: GlobalState, from = 'elasticsearch', to = from) {
  const { puts, deletes, leftOut } = planThings({ state: stored, product: from }, { state: present, product: to });
  const names = (things: typeof puts): string[] => things.map(({ part, item: { name } }) => `${part} ${name}`);
  return { puts: names(puts), deletes: names(deletes), leftOut };
}

describe('the plan of a restore', () => {
  it('puts what is missing or differs, and deletes what the snapshot has not', () => {
    const stored = state({ indexTemplates: [item('a'), item('b', '{"n":1}'), item('c')] });
    const present = state({ indexTemplates: [item('b', '{"n":2}'), item('c'), item('d')] });
    expect(plan(stored, present)).toEqual({
      puts: ['indexTemplates a', 'indexTemplates b'],
      deletes: ['indexTemplates d'],
      leftOut: [],
    });
  });

  it('adds legacy templates and ISM policies, and deletes none', () => {
    const stored = state({ templates: [item('a')], ismPolicies: [item('p')] });
    const present = state({ templates: [item('b')], ismPolicies: [item('q')] });
    expect(plan(stored, present)).toEqual({ puts: ['ismPolicies p', 'templates a'], deletes: [], leftOut: [] });
  });

  it('deletes nothing of a kind that the snapshot has none of', () => {
    expect(plan(state({ ingestPipelines: [] }), state({ ingestPipelines: [item('p')] })).deletes).toEqual([]);
  });

  it('leaves what the cluster manages itself, and brings what only the snapshot has', () => {
    const managed = '{"_meta":{"managed":true}}';
    const stored = state({ componentTemplates: [item('.a'), item('b', managed), item('.new')] });
    const present = state({ componentTemplates: [item('.a', '{"n":1}'), item('b', '{"version":2}'), item('.other')] });
    expect(plan(stored, present)).toEqual({
      puts: ['componentTemplates .new'],
      deletes: [],
      leftOut: [
        { kind: 'component_template', name: '*', reason: '2 that the cluster manages itself stay as they are' },
      ],
    });
  });

  it('does not bring to another product what the first one manages itself', () => {
    const stored = state({ componentTemplates: [item('.a'), item('mine')] });
    const { puts, leftOut } = plan(stored, state({ componentTemplates: [] }), 'elasticsearch', 'opensearch');
    expect([puts, leftOut.map(({ name }) => name)]).toEqual([['componentTemplates mine'], ['*']]);
  });

  it('tells what the cluster has no place for, or does not show, and what the snapshot lacks', () => {
    const stored = state({ ilmPolicies: [item('.own'), item('p')], storedScripts: [item('s')] }, [
      { part: 'settings', reason: 'forbidden' },
      { part: 'templates', reason: 'forbidden' },
    ]);
    const present = state({}, [{ part: 'storedScripts', reason: 'not you' }]);
    expect(plan(stored, present).leftOut).toEqual([
      { kind: 'stored_script', name: '*', reason: 'the cluster refuses to show them: not you' },
      { kind: 'ilm_policy', name: 'p', reason: 'the cluster has nothing of this kind' },
      { kind: 'template', name: '*', reason: 'not in the snapshot: its cluster refused to show them: forbidden' },
    ]);
  });
});

describe('items of an answer', () => {
  const items = (part: StatePart, answer: string) => STATE_REQUESTS[part].items(Buffer.from(answer));

  it('are lifecycle policies without versions and users', () => {
    const answer =
      '{"logs":{"version":3,"modified_date":1,"policy":{"phases":{"hot":{"n":1.0}}},"in_use_by":{"indices":["a"]}}}';
    expect(items('ilmPolicies', answer)).toEqual([item('logs', '{"phases":{"hot":{"n":1.0}}}')]);
    expect(STATE_REQUESTS.ilmPolicies.wrapped('{"phases":{}}')).toBe('{"policy":{"phases":{}}}');
  });

  it('are policies of the index management plugin without what it notes', () => {
    const answer =
      '{"policies":[{"_id":"p","_seq_no":7,"_primary_term":1,"policy":{"policy_id":"p","last_updated_time":1,"states":[]}}],"total_policies":1}';
    expect(items('ismPolicies', answer)).toEqual([item('p', '{"states":[]}')]);
  });

  it('are pipelines and templates without the dates that a cluster refuses to take back', () => {
    expect(items('ingestPipelines', '{"p":{"processors":[],"created_date_millis":1,"modified_date":"x"}}')).toEqual([
      item('p', '{"processors":[]}'),
    ]);
    const answer = '{"index_templates":[{"name":"t","index_template":{"index_patterns":["a"],"created_date":"x"}}]}';
    expect(items('indexTemplates', answer)).toEqual([item('t', '{"index_patterns":["a"]}')]);
  });

  it('keep numbers as they were written', () => {
    const answer = '{"metadata":{"stored_scripts":{"s":{"lang":"x","options":{"n":12345678901234567890}}}}}';
    expect(items('storedScripts', answer)).toEqual([item('s', '{"lang":"x","options":{"n":12345678901234567890}}')]);
  });
});

describe('a template for a cluster that does not know all of it', () => {
  const edited = (part: StatePart, body: string, reason: string) => withoutRefusedPart(part, body, reason);

  it('loses an unknown setting', () => {
    const body =
      '{"index_patterns":["a"],"template":{"settings":{"index":{"lifecycle":{"name":"p"},"hidden":"true"}}}}';
    expect(edited('indexTemplates', body, 'unknown setting [index.lifecycle.name] please check')).toEqual({
      body: '{"index_patterns":["a"],"template":{"settings":{"index.hidden":"true"}}}',
      what: 'index.lifecycle.name',
    });
  });

  it('loses an unknown mapping parameter of a legacy template', () => {
    const body = '{"mappings":{"properties":{"f":{"type":"flattened"}}},"aliases":{}}';
    const reason = 'No handler for type [flattened] declared on field [f]';
    expect(edited('templates', body, reason)).toMatchObject({
      body: '{"mappings":{"properties":{"f":{"type":"object","enabled":false}}},"aliases":{}}',
    });
  });

  it('loses an unknown field of the template or its data stream', () => {
    const body = '{"data_stream":{"hidden":false,"timestamp_field":{"name":"t"}},"priority":1}';
    const reason = '[1:20] [data_stream_template] unknown field [timestamp_field]';
    expect(edited('indexTemplates', body, reason)).toEqual({
      body: '{"data_stream":{"hidden":false},"priority":1}',
      what: 'field [timestamp_field]',
    });
    expect(edited('indexTemplates', '{"priority":1}', reason)).toBeUndefined();
  });
});
