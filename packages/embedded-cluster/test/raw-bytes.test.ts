import fc from 'fast-check';
import { findJsonFault } from '../src/json-validator';
import { startTestCluster, type TestCluster } from './support';

/** Documents that do not survive JSON.parse and JSON.stringify. */
const HOSTILE = [
  '{"id":9223372036854775807,"f":1.0,"e":1E400,"neg":-0.0}',
  '{"a":1,"a":2,"A":3,"":4}',
  '{"z":1,"10":2,"9":3,"b":4}',
  '{ \t"spaced" :  [ 1 , 2 ] \r }',
  '{"s":"\\u00e9\\/\\ud83d\\ude00 é 😀 \\u0000","lone":"\\ud800","\\"]}":"[{"}',
  '{"__proto__":{"polluted":true},"constructor":null}',
  '{"nested":{"_source":{"hits":[{"_id":"x"}]}}}',
  '{"deep":' + '['.repeat(900) + ']'.repeat(900) + '}',
  '{"long":"' + 'x'.repeat(300_000) + '"}',
  '{"line\u2028separator":"\u2029\u007f"}',
  '{}',
];

describe('the bytes of a document', () => {
  let test_: TestCluster;
  const call = (...args: Parameters<TestCluster['call']>) => test_.call(...args);

  beforeAll(async () => {
    test_ = await startTestCluster();
    const body = HOSTILE.map((source, i) => `{"index":{"_id":"${i}"}}\n${source}\n`).join('');
    expect((await call('POST', '/raw/_bulk', body)).json.errors).toBe(false);
    await test_.restart();
  });
  afterAll(() => test_.stop());

  it.each(HOSTILE.map((source, i) => [source.slice(0, 40), i] as const))('survive a restart: %s…', async (_, i) => {
    const source = HOSTILE[i]!;
    expect((await call('GET', `/raw/_source/${i}`)).text).toBe(source);
    expect((await call('GET', `/raw/_doc/${i}`)).text).toContain(`"_source":${source}}`);
    const search = await call('POST', '/raw/_search?filter_path=hits.hits._source', {
      query: { ids: { values: [`${i}`] } },
    });
    expect(search.text).toBe(`{"hits":{"hits":[{"_source":${source}}]}}`);
    const pretty = await call('GET', `/raw/_doc/${i}?pretty`);
    expect(pretty.text).toContain(source);
  });

  it('survive through the single document API, line breaks included', async () => {
    const source = '{\n  "a" : 1.50,\r\n\t"a" : 12345678901234567890\n}';
    await call('PUT', '/raw/_doc/pretty', source);
    expect((await call('GET', '/raw/_source/pretty')).text).toBe(source);
  });

  it('survive filtering of _source, value by value', async () => {
    const filtered = await call('GET', '/raw/_doc/0?_source_includes=id,f');
    expect(filtered.text).toContain('"_source":{"id":9223372036854775807,"f":1.0}');
  });

  it('of a document larger than the read buffer of the store survive', async () => {
    const source = `{"blob":"${'y'.repeat(40 * 1024 * 1024)}"}`;
    expect((await call('PUT', '/raw/_doc/huge', source)).status).toBe(201);
    expect((await call('GET', '/raw/_source/huge')).text === source).toBe(true);
    const search = await call('POST', '/raw/_search?filter_path=hits.hits._source', {
      query: { ids: { values: ['huge'] } },
    });
    expect(search.text === `{"hits":{"hits":[{"_source":${source}}]}}`).toBe(true);
    await call('DELETE', '/raw/_doc/huge');
  });

  it('that are not UTF-8 are refused', async () => {
    const bad = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect((await call('PUT', '/raw/_doc/bad', bad)).status).toBe(400);
    const bulk = Buffer.concat([
      Buffer.from('{"index":{"_id":"bad"}}\n'),
      bad,
      Buffer.from('\n{"index":{"_id":"good"}}\n{}\n'),
    ]);
    const { items } = (await call('POST', '/raw/_bulk', bulk)).json;
    expect(items.map((item: { index: { status: number } }) => item.index.status)).toEqual([400, 201]);
  });

  it('of ids with every kind of character survive', async () => {
    const ids = ['"quoted"', 'back\\slash', 'new\nline', 'tab\t', '😀', 'a/b?c#d%', ' ', '\u0001', '-'.repeat(512)];
    const body = ids.map((id) => `${JSON.stringify({ index: { _id: id } })}\n{}\n`).join('');
    expect((await call('POST', '/odd/_bulk', body)).json.errors).toBe(false);
    const { hits } = (await call('POST', '/odd/_search', { size: 100, sort: ['_seq_no'] })).json.hits;
    expect(hits.map((hit: { _id: string }) => hit._id)).toEqual(ids);
  });
});

describe('the JSON validator', () => {
  const agrees = (text: string): void => {
    let parsed: unknown;
    let isValid = true;
    try {
      parsed = JSON.parse(text);
    } catch {
      isValid = false;
    }
    const isDocument = isValid && typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    expect({ text, isDocument: findJsonFault(Buffer.from(text)) === undefined }).toEqual({ text, isDocument });
  };

  it('accepts what JSON.parse accepts as an object, and nothing else', () => {
    fc.assert(fc.property(fc.json(), agrees), { numRuns: 300 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((value) => JSON.stringify(value)),
        agrees,
      ),
      { numRuns: 300 },
    );
  });

  it('agrees with JSON.parse about documents with a few characters changed', () => {
    const base = '{"a":[1,-2.5e+3,true,false,null,"x\\n\\u12aF"],"b":{"c":{}},"d":0.0}';
    const characters = fc.constantFrom(...'{}[]:,"\\0123456789.eE+-truefalsn \n\t\u0000\u001fé');
    const edits = fc.array(fc.tuple(fc.nat(base.length), fc.nat(2), characters), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(edits, (changes) => {
        let text = base;
        for (const [at, removed, inserted] of changes) text = text.slice(0, at) + inserted + text.slice(at + removed);
        agrees(text);
      }),
      { numRuns: 3_000 },
    );
  });
});
