import { bytes, curlLine, millis, percent } from '../../scripts/demo/console';

describe('what the demo prints', () => {
  test('a curl line can be pasted into a shell', () => {
    expect(curlLine('GET', 'http://127.0.0.1:9400/_snapshot')).toBe('curl http://127.0.0.1:9400/_snapshot');
    expect(curlLine('POST', 'http://h/a?b=c', `{"it's":"$1"}`)).toBe(
      `curl -X POST 'http://h/a?b=c' -H 'content-type: application/json' -d '{"it'\\''s":"$1"}'`,
    );
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_600, '1.0 MB'],
    [4_590_000, '4.6 MB'],
    [123_456_789, '123 MB'],
  ])('%d bytes are %s', (count, text) => {
    expect(bytes(count)).toBe(text);
  });

  test.each([
    [32.4, '32 ms'],
    [1_275, '1.27 s'],
    [41_000, '41.0 s'],
  ])('%d ms are %s', (ms, text) => {
    expect(millis(ms)).toBe(text);
  });

  test('percentages never exceed what is there', () => {
    expect(percent(1, 3)).toBe(33);
    expect(percent(5, 3)).toBe(100);
    expect(percent(0, 0)).toBe(0);
  });
});
