import fc from 'fast-check';
import { arrayElements, objectMembers } from '../../scripts/demo/raw-json';

const texts = (parts: Iterable<Buffer>): string[] => [...parts].map((part) => part.toString('utf8'));
const cut = (json: string): string[] => texts(arrayElements(Buffer.from(json)));

describe('cutting JSON into raw parts', () => {
  test('elements keep spaces, escapes, key order and numbers as they were written', () => {
    const elements = ['{ "z":1 ,"a" : [1.0, 9223372036854775807]}', '"\\u00fc]\\"}"', '1E5', 'null', '[ ]', '{}'];
    expect(cut(` [ ${elements.join(' ,\n')}\t] trailing`)).toEqual(elements);
    expect(cut('[]')).toEqual([]);
  });

  test('an array may stand anywhere in the text', () => {
    const json = Buffer.from('{"hits":[1,2]}');
    expect(texts(arrayElements(json, json.indexOf('[')))).toEqual(['1', '2']);
  });

  test('members are found by name, whatever stands in strings, and the last of two counts', () => {
    const members = objectMembers(Buffer.from('{"a":"}\\\\","b\\u0063":{"a":[2]},"a":1.0 }'));
    expect([...members].map(([name, raw]) => [name, raw.toString()])).toEqual([
      ['a', '1.0'],
      ['bc', '{"a":[2]}'],
    ]);
  });

  test('any array of JSON values is cut into texts that mean the same', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 1, '\t'), (values, indent) => {
        const parts = cut(JSON.stringify(values, null, indent));
        expect(parts.map((part) => JSON.parse(part) as unknown)).toEqual(JSON.parse(JSON.stringify(values)));
      }),
    );
  });

  test.each(['[1', '[1 2]', '["a]', '{"a" 1}', '[,]', 'x'])('broken text is refused: %s', (json) => {
    expect(() => {
      if (json.startsWith('{')) objectMembers(Buffer.from(json));
      else cut(json);
    }).toThrow(SyntaxError);
  });
});
