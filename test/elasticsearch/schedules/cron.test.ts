import { nextTime } from '../../../src/elasticsearch/schedules/calendar';
import { parseQuartzCron } from '../../../src/elasticsearch/schedules/quartz-cron';
import { parseUnixCron } from '../../../src/elasticsearch/schedules/unix-cron';

/** Returns the next times, without their ending for UTC. */
function times(calendars: ReturnType<typeof parseQuartzCron>, from: string, count: number, zone?: string): string[] {
  const found: string[] = [];
  for (let after = Date.parse(from); found.length < count;) {
    const next = nextTime(calendars, after, zone);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 19));
    after = next;
  }
  return found;
}

describe('a Quartz cron expression', () => {
  // 2024-01-01 is a Monday; 2024 has a February of 29 days.
  it.each([
    ['0 0 0/12 * * ?', '2024-01-01T00:00:00Z', ['2024-01-01T12:00:00', '2024-01-02T00:00:00']],
    ['0 30 1 * * ?', '2024-01-01T01:30:00Z', ['2024-01-02T01:30:00', '2024-01-03T01:30:00']],
    ['*/1 * * * * ?', '2024-01-01T00:00:00.500Z', ['2024-01-01T00:00:01', '2024-01-01T00:00:02']],
    ['0 0/15 8-10/2 ? * MON-FRI', '2024-01-05T10:30:00Z', ['2024-01-05T10:45:00', '2024-01-08T08:00:00']],
    ['0 0 22-1 * * ?', '2024-01-01T12:00:00Z', ['2024-01-01T22:00:00', '2024-01-01T23:00:00', '2024-01-02T00:00:00']],
    ['0 0 0 1 JAN ? 2030', '2024-01-01T00:00:00Z', ['2030-01-01T00:00:00']],
    ['0 0 0 ? NOV-FEB 1', '2024-02-25T00:00:00Z', ['2024-11-03T00:00:00']],
    ['0 0 0 31 * ?', '2024-01-31T00:00:00Z', ['2024-03-31T00:00:00', '2024-05-31T00:00:00']],
    ['0 0 0 L * ?', '2024-01-31T00:00:00Z', ['2024-02-29T00:00:00', '2024-03-31T00:00:00', '2024-04-30T00:00:00']],
    ['0 0 0 L 2 ?', '2024-03-01T00:00:00Z', ['2025-02-28T00:00:00', '2026-02-28T00:00:00', '2027-02-28T00:00:00']],
    ['0 0 0 L-2 * ?', '2024-02-01T00:00:00Z', ['2024-02-27T00:00:00', '2024-03-29T00:00:00']],
    // 2024-06-30 is a Sunday, 2024-03-31 too; 2024-08-31 is a Saturday.
    ['0 0 0 LW * ?', '2024-03-01T00:00:00Z', ['2024-03-29T00:00:00', '2024-04-30T00:00:00', '2024-05-31T00:00:00']],
    ['0 0 0 LW 6,8 ?', '2024-03-01T00:00:00Z', ['2024-06-28T00:00:00', '2024-08-30T00:00:00']],
    // 2024-06-15 is a Saturday, 2024-09-15 a Sunday, 2024-10-15 a Tuesday.
    [
      '0 0 0 15W 6,9,10 ?',
      '2024-06-01T00:00:00Z',
      ['2024-06-14T00:00:00', '2024-09-16T00:00:00', '2024-10-15T00:00:00'],
    ],
    // The weekday stays in its month: 2024-06-01 is a Saturday, 2024-09-01 a Sunday.
    ['0 0 0 1W 6,9 ?', '2024-05-02T00:00:00Z', ['2024-06-03T00:00:00', '2024-09-02T00:00:00']],
    ['0 0 0 ? * 6#3', '2024-01-01T00:00:00Z', ['2024-01-19T00:00:00', '2024-02-16T00:00:00']],
    ['0 0 0 ? * WED#5', '2024-01-01T00:00:00Z', ['2024-01-31T00:00:00', '2024-05-29T00:00:00']],
    ['0 0 0 ? * 6L', '2024-01-27T00:00:00Z', ['2024-02-23T00:00:00', '2024-03-29T00:00:00']],
    ['0 0 0 ? * FRIL', '2023-02-01T00:00:00Z', ['2023-02-24T00:00:00']],
    ['0 0 0 ? * L', '2024-01-01T00:00:00Z', ['2024-01-06T00:00:00', '2024-01-13T00:00:00']],
    ['0 0 0 ? * 2/2', '2024-01-01T00:00:00Z', ['2024-01-03T00:00:00', '2024-01-05T00:00:00', '2024-01-08T00:00:00']],
    ['5 /20 3 * * ?', '2024-01-01T03:10:00Z', ['2024-01-01T03:20:05', '2024-01-01T03:40:05', '2024-01-02T03:00:05']],
    ['0 0 0 1 1 ? 2020', '2024-01-01T00:00:00Z', []],
  ])('%s after %s comes at %j', (expression, from, expected) => {
    expect(times(parseQuartzCron(expression), from, expected.length || 1)).toEqual(expected);
  });

  it.each([
    ['0 0 * * *', 'six or seven fields'],
    ['0 0 0 * * ? 2024 1', 'six or seven fields'],
    ['0 0 0 * * *', 'exactly one of'],
    ['0 0 0 ? * ?', 'exactly one of'],
    ['60 0 0 * * ?', '[seconds]'],
    ['0 60 0 * * ?', '[minutes]'],
    ['0 0 24 * * ?', '[hours]'],
    ['0 0 0 32 * ?', '[day of month]'],
    ['0 0 0 1 13 ?', '[month]'],
    ['0 0 0 1 FOO ?', '[month]'],
    ['0 0 0 ? * 8', '[day of week]'],
    ['0 0 0 ? * 6#6', '[day of week]'],
    ['0 0 0 ? * 3#1,6#3', '[day of week]'],
    ['0 0 0 15W,20 * ?', '[day of month]'],
    ['0 0 0 L,1 * ?', '[day of month]'],
    ['0 0 0 L-31 * ?', '[day of month]'],
    ['0 0 0 1 1 ? 2199', '[year]'],
    ['0 0/60 0 * * ?', '[minutes]'],
    ['0 0 0 31W 2 ?', 'no such day'],
    ['', 'six or seven fields'],
  ])('%j is refused, naming %s', (expression, part) => {
    expect(() => parseQuartzCron(expression)).toThrow(part);
  });
});

describe('a Unix cron expression', () => {
  it.each([
    ['0 8 * * *', '2024-01-01T08:00:00Z', ['2024-01-02T08:00:00']],
    ['*/20 0 * * *', '2024-01-01T00:00:00Z', ['2024-01-01T00:20:00', '2024-01-01T00:40:00', '2024-01-02T00:00:00']],
    ['0 0 * * SUN', '2024-01-01T00:00:00Z', ['2024-01-07T00:00:00', '2024-01-14T00:00:00']],
    ['0 0 * * 7', '2024-01-01T00:00:00Z', ['2024-01-07T00:00:00']],
    ['0 0 10 * 1', '2024-01-01T00:00:00Z', ['2024-01-08T00:00:00', '2024-01-10T00:00:00', '2024-01-15T00:00:00']],
  ])('%s after %s comes at %j', (expression, from, expected) => {
    expect(times(parseUnixCron(expression), from, expected.length)).toEqual(expected);
  });

  it.each(['0 8 * *', '0 8 * * * *', '0 8 L * *', '0 8 * * 5#2', '61 8 * * *'])('%j is refused', (expression) => {
    expect(() => parseUnixCron(expression)).toThrow();
  });

  it('is read by the wall clock of its zone, which leaves an hour out in spring and has one twice in autumn', () => {
    const calendars = parseUnixCron('30 2 * * *');
    expect(times(calendars, '2024-03-30T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2024-03-30T01:30:00',
      '2024-04-01T00:30:00',
      '2024-04-02T00:30:00',
    ]);
    expect(times(parseUnixCron('0 8 * * *'), '2024-10-26T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2024-10-26T06:00:00',
      '2024-10-27T07:00:00',
      '2024-10-28T07:00:00',
    ]);
  });
});
