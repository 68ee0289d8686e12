import fc from 'fast-check';
import { hitsOf, orderedHitsOf } from '../../src/documents/readable-hits';
import { type HitTable, scanHits, scanOrderedHits } from '../../src/documents/scan-hits';
import {
  hits,
  type NumberedHit,
  orderedResponses,
  type RawHit,
  rawObject,
  writeHit,
  writeMultiResponse,
  writeResponse,
} from '../cluster/hostile-documents';

const options = { numRuns: 100 };

function slices(body: Buffer, table: HitTable): RawHit[] {
  return Array.from({ length: table.count }, (_, i) => ({
    id: body.toString('utf8', table.idStart[i], table.idEnd[i]),
    ...(table.routingStart[i] < 0
      ? {}
      : { routing: body.toString('utf8', table.routingStart[i], table.routingEnd[i]) }),
    version: body.toString('utf8', table.versionStart[i], table.versionEnd[i]),
    seqNo: table.seqNo[i],
    source: body.toString('utf8', table.sourceStart[i], table.sourceEnd[i]),
  }));
}

function scan(text: string): RawHit[] {
  const body = Buffer.from(text);
  return slices(body, scanHits(body));
}

const clean = (all: readonly RawHit[]): RawHit[] => all.map((hit) => JSON.parse(JSON.stringify(hit)) as RawHit);

describe('scanning a search response', () => {
  it('slices exactly the bytes that were sent, whatever documents hold or imitate', () => {
    fc.assert(
      fc.property(hits, (expected) => {
        expect(scan(writeResponse(expected.map((hit) => writeHit(hit))))).toEqual(clean(expected));
      }),
      { numRuns: 600 },
    );
  });

  it('slices hits laid out in any order, spaced in any way, with comments', () => {
    fc.assert(
      fc.property(hits, fc.constantFrom(' ', '\n', '/* "hits":[ */', '// " \n'), (expected, gap) => {
        const text = expected.map(
          ({ id, routing, version, seqNo, source }) =>
            `${gap}{${gap}"_source"${gap}:${gap}${source}${gap},"_score":null,${routing === undefined ? '' : `"_routing":${routing},`}"_seq_no":${seqNo},"sort":[${seqNo}],"_version":${version}${gap},"_id":${id}}`,
        );
        expect(scan(writeResponse(text))).toEqual(clean(expected));
      }),
      options,
    );
  });

  it('keeps the byte order mark that a document begins with', () => {
    fc.assert(
      fc.property(hits, fc.infiniteStream(fc.constantFrom('', '\ufeff', '\ufeff ')), (some, marks) => {
        const expected = some.map((hit) => ({ ...hit, source: `${marks.next().value ?? ''}${hit.source}` }));
        expect(scan(writeResponse(expected.map((hit) => writeHit(hit))))).toEqual(clean(expected));
      }),
      options,
    );
  });

  it('names the document that is no JSON, and takes a response that breaks off for damage on the way', () => {
    const hit = (id: string, source: string) =>
      writeHit({ id: JSON.stringify(id), version: '1', seqNo: Number(id), source });
    const page = Buffer.from(writeResponse([hit('1', '{}'), hit('2', '[1]'), hit('3', '{}')]));
    expect(() => hitsOf(page)).toThrow(
      expect.objectContaining({ code: 'document_unreadable', message: expect.stringContaining('[2]') as string }),
    );
    expect(() => hitsOf(page.subarray(0, 150))).toThrow(expect.objectContaining({ code: 'cluster_unavailable' }));
  });

  it('throws for every truncated response, unless a document imitates the end', () => {
    fc.assert(
      fc.property(hits, fc.nat(), (some, cut) => {
        const plain = some.filter(({ source }) => !source.includes(',"sort":['));
        const body = Buffer.from(writeResponse(plain.map((hit) => writeHit(hit))));
        expect(() => scanHits(body.subarray(0, cut % body.length))).toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('throws for every truncated response that is scanned byte by byte, whatever documents imitate', () => {
    fc.assert(
      fc.property(hits, fc.nat(), (some, cut) => {
        // A line feed may end a comment, so that nothing is guessed.
        const body = Buffer.from(`\n${writeResponse(some.map((hit) => writeHit(hit)))}`);
        expect(() => scanHits(body.subarray(0, 1 + (cut % (body.length - 1))))).toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it('throws for random bytes, and never hangs on damaged ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => scanHits(Buffer.from(bytes))).toThrow();
      }),
      options,
    );
    fc.assert(
      fc.property(hits, fc.nat(), fc.nat(255), (some, at, byte) => {
        const body = Buffer.from(writeResponse(some.map((hit) => writeHit(hit))));
        body[at % body.length] = byte;
        try {
          const table = scanHits(body);
          for (let i = 0; i < table.count; i++) expect(table.sourceEnd[i]).toBeLessThanOrEqual(body.length);
        } catch (error) {
          expect((error as Error).name).toBe('RawJsonError');
        }
      }),
      // A backslash in a key of the response makes an escape that JSON does not have.
      { numRuns: 300, examples: [[[], 957212269, 92]] },
    );
  });

  it('finds nothing where something follows the response, or two lists of hits are in it', () => {
    const one = writeHit({ id: '"a"', version: '1', seqNo: 0, source: '{}' });
    expect(() => scan(`${writeResponse([one])}x`)).toThrow('more after the response');
    expect(() => scan(`{"hits":{"hits":[]},"hits":{"hits":[]}}`)).toThrow('a second "hits"');
    expect(() => scan(`{"hits":{"hits":[],"hits":[]}}`)).toThrow('a second "hits.hits"');
    expect(() => scan(`{"took":1}`)).toThrow('no "hits"');
  });

  it('refuses a hit that lacks what it needs or says it twice, with escaped keys too', () => {
    const of = (members: string) => `{"hits":{"hits":[{${members}}]}}`;
    expect(() => scan(of('"_id":"a","_version":1'))).toThrow('without "_seq_no"');
    expect(() => scan(of('"_id":"a","_seq_no":1'))).toThrow('without "_version"');
    expect(() => scan(of('"_version":1,"_seq_no":1'))).toThrow('without "_id"');
    expect(() => scan(of('"_id":"a","_version":1,"_seq_no":1,"_id":"b"'))).toThrow('twice');
    expect(() => scan(of('"_id":"a","_version":1,"_seq_no":1,"_source":{},"_sour\\u0063e":{}'))).toThrow('twice');
    expect(() => scan(of('"_id":"a","_version":1,"_seq_no":9007199254740993'))).toThrow('2^53');
    expect(() => scan(of('"_id":"a","_version":-1,"_seq_no":1'))).toThrow('positive integer');
  });

  it('tells hits without a source', () => {
    const body = Buffer.from('{"hits":{"hits":[{"_id":"a","_version":1,"_seq_no":7}]}}');
    const table = scanHits(body);
    expect([table.count, table.sourceStart[0], table.seqNo[0]]).toEqual([1, -1, 7]);
  });

  it('tells documents with raw line breaks, and only those', () => {
    const sources = ['{"a":1}', '{"a":\n1}', '{"a":"\\n"}', '{\r"a":1}', '{"b":2}'];
    const body = Buffer.from(
      writeResponse(sources.map((source, i) => writeHit({ id: `"${i}"`, version: '1', seqNo: i, source }))),
    );
    expect([...scanHits(body).sourceBreaks]).toEqual([0, 1, 0, 1, 0]);
  });

  it('takes nesting deeper than any parser with a stack', () => {
    const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    const hit = { id: '"a"', version: '1', seqNo: 0, source: deep };
    expect(scan(writeResponse([writeHit(hit)]))[0].source.length).toBe(deep.length);
  });

  it('agrees with a parser about documents read from a point in time, with their second sort value', () => {
    fc.assert(
      fc.property(fc.array(rawObject, { maxLength: 5 }), (sources) => {
        const text = sources.map((source, seqNo) =>
          writeHit({ id: `"${seqNo}"`, version: '3', seqNo, source }).replace(/\]\}$/, `,${4294967296 + seqNo}]}`),
        );
        const found = scan(writeResponse(text));
        expect(found.map(({ source }) => JSON.parse(source) as unknown)).toEqual(
          sources.map((source) => JSON.parse(source) as unknown),
        );
      }),
      options,
    );
  });

  it('holds tens of thousands of hits', () => {
    const many = Array.from({ length: 30_000 }, (_, i) => ({
      id: `"${i}"`,
      version: '1',
      seqNo: i * 2,
      source: `{"i":${i}}`,
    }));
    expect(scan(writeResponse(many.map((hit) => writeHit(hit))))).toEqual(many);
  });
});

describe('scanning a page in document order', () => {
  const respond = (some: readonly NumberedHit[]) => writeResponse(some.map((hit) => writeHit(hit, hit.number)));
  const numbered = (body: Buffer, table: HitTable) =>
    slices(body, table).map((hit, i) => ({ ...hit, number: table.sort[i] }));
  const everything = { from: 0, to: 1_000, numbers: { from: 0, to: 1_000 } };

  it('slices exactly the bytes of every response, whatever documents imitate, and counts them', () => {
    fc.assert(
      fc.property(orderedResponses, fc.boolean(), (responses, known) => {
        const body = Buffer.from(writeMultiResponse(responses.map(respond)));
        const lengths = responses.map(({ length }) => length);
        const found = scanOrderedHits(body, known ? lengths : lengths.map(() => 0), true);
        expect(found.counts).toEqual(lengths);
        expect(numbered(body, found.hits)).toEqual(clean(responses.flat()));
      }),
      { numRuns: 1_000 },
    );
  });

  it('slices a single response, with a second sort value too', () => {
    fc.assert(
      fc.property(orderedResponses, fc.boolean(), (responses, twice) => {
        const some = responses[0] ?? [];
        const text = twice
          ? writeResponse(some.map((hit) => writeHit(hit, hit.number).replace(/\]\}$/, `,${hit.number}]}`)))
          : respond(some);
        const body = Buffer.from(text);
        expect(numbered(body, scanOrderedHits(body, [some.length], false).hits)).toEqual(clean(some));
      }),
      options,
    );
  });

  it('is not misled by as many hits as asked for, if fewer came and the number was not known', () => {
    const hit = (number: number, source: string) => ({
      id: `"${number}"`,
      version: '1',
      seqNo: number,
      number,
      source,
    });
    const inner = writeHit({ id: '"x"', version: '1', seqNo: 1, source: '{}' }, 2);
    const some = [hit(0, '{}'), hit(3, `{"a":[{"x":{},"sort":[1]},${inner.slice(0, -1)}}]}`)];
    const body = Buffer.from(respond(some));
    expect(numbered(body, scanOrderedHits(body, [0], false).hits)).toEqual(clean(some));
    expect(() => orderedHitsOf(body, { ...everything, asked: [3], multi: false })).toThrow(
      expect.objectContaining({ code: 'view_lost' }),
    );
  });

  it('keeps the wanted documents only, ascending by sequence number, equal numbers in document order', () => {
    const some = [7, 3, 9, 3, 1, 5].map((seqNo, number) => ({
      id: `"${number}"`,
      version: '1',
      seqNo,
      number: number + 10,
      source: '{}',
    }));
    const page = Buffer.from(respond(some));
    const kept = orderedHitsOf(page, { from: 11, to: 15, numbers: { from: 2, to: 9 }, asked: [6], multi: false });
    expect(numbered(page, kept).map(({ seqNo, number }) => [seqNo, number])).toEqual([
      [3, 11],
      [3, 13],
    ]);
    const all = orderedHitsOf(page, { ...everything, asked: [6], multi: false });
    expect([...all.seqNo]).toEqual([1, 3, 3, 5, 7, 9]);
  });

  it('refuses a response that is not whole', () => {
    const whole = respond([{ id: '"a"', version: '1', seqNo: 0, number: 0, source: '{}' }]);
    const scanOf = (...responses: string[]) =>
      orderedHitsOf(Buffer.from(writeMultiResponse(responses)), {
        ...everything,
        asked: responses.map(() => 1),
        multi: true,
      });
    expect(scanOf(whole, whole).count).toBe(2);
    const unavailable = expect.objectContaining({ code: 'cluster_unavailable' }) as Error;
    for (const damaged of [
      whole.replace('"failed":0', '"failed":1'),
      whole.replace('"total":1', '"total":0'),
      whole.replace('"successful":1', '"successful":0'),
      whole.replace('"timed_out":false', '"timed_out":true'),
      whole.replace(/"_shards":\{.*?\},/, ''),
      '{"error":{"type":"search_context_missing_exception"}}',
    ]) {
      expect(() => scanOf(whole, damaged)).toThrow(unavailable);
    }
  });
});
