import { resolveDateMath } from '../../src/elasticsearch/date-math';

/** The moment of Elasticsearch's own examples: 22 March 2024, noon, UTC. */
const NOON = Date.UTC(2024, 2, 22, 12, 0, 0, 7);

describe('date math in names', () => {
  it.each([
    ['plain', 'plain'],
    ['<plain>', 'plain'],
    ['<logstash-{now/d}>', 'logstash-2024.03.22'],
    ['<logstash-{now/M}>', 'logstash-2024.03.01'],
    ['<logstash-{now/M{yyyy.MM}}>', 'logstash-2024.03'],
    ['<logstash-{now/M-1M{yyyy.MM}}>', 'logstash-2024.02'],
    ['<logstash-{now/d{yyyy.MM.dd|+12:00}}>', 'logstash-2024.03.23'],
    ['<logstash-{now/d{yyyy.MM.dd|Asia/Shanghai}}>', 'logstash-2024.03.22'],
    ['<nightly-{now-12h-1m{yyyy-MM-dd-HH-mm}}>', 'nightly-2024-03-21-23-59'],
    ['<weekly-{now/w}>', 'weekly-2024.03.18'],
    ['<weekly-{now{YYYY-ww}}>', 'weekly-2024-12'],
    ['<s-{now{yyyyMMddHHmmssSSS}}>', 's-20240322120000007'],
    ['<s-{now{yy.D}}>', 's-24.82'],
    [`<s-{now{yyyy'y'}}>`, 's-2024y'],
    ['<a-{now/d}-b-{now/y{yyyy}}>', 'a-2024.03.22-b-2024'],
    ['<elastic\\{ON\\}-{now/M}>', 'elastic{ON}-2024.03.01'],
  ])('resolves %s to %s', (name, resolved) => {
    expect(resolveDateMath(name, NOON)).toBe(resolved);
  });

  it('keeps the end of a month when months are added', () => {
    expect(resolveDateMath('<s-{now-1M/d}>', Date.UTC(2024, 2, 31))).toBe('s-2024.02.29');
    expect(resolveDateMath('<s-{now+1y/d}>', Date.UTC(2024, 1, 29))).toBe('s-2025.02.28');
  });

  it.each([
    ['<s-{now/d>', 'open ended'],
    ['<s-{yesterday}>', 'must start with [now]'],
    ['<s-{now*2}>', 'operator not supported'],
    ['<s-{now/d{}}>', 'missing date format'],
    ['<s-{now/d{MMM}}>', '[MMM] in the date format is not supported'],
    ['<s-{now/d{yyyy|Mars/Olympus}}>', 'unknown time zone'],
    ['<s-}>', 'invalid character'],
  ])('refuses %s', (name, reason) => {
    expect(() => resolveDateMath(name, NOON)).toThrow(reason);
  });
});
