import { pageOf, type PageRequest } from '../../src/jobs/snapshots/snapshot-page';
import { type SnapshotView } from '../../src/jobs/snapshots/snapshot-view';

const view = (snapshot: string, more: Partial<SnapshotView> = {}): SnapshotView => ({
  repository: 'repo',
  snapshot,
  uuid: snapshot,
  state: 'SUCCESS',
  includeGlobalState: true,
  startMillis: 100,
  endMillis: 200,
  shards: { total: 1, failed: 0, successful: 1 },
  indexCount: 1,
  dataStreams: [],
  indices: () => [],
  ...more,
});

const ALL: PageRequest = { sort: 'start_time', order: 'asc', size: -1, offset: 0 };
const names = (views: readonly SnapshotView[]): string[] => views.map((one) => one.snapshot);

describe('pages of snapshots', () => {
  const three = [view('b', { startMillis: 3 }), view('a', { startMillis: 3 }), view('c', { startMillis: 1 })];

  it('sorts by start, ties by name, and the other way round', () => {
    expect(names(pageOf(three, ALL, 0).shown)).toEqual(['c', 'a', 'b']);
    expect(names(pageOf(three, { ...ALL, order: 'desc' }, 0).shown)).toEqual(['b', 'a', 'c']);
  });

  it('leads through all pages by the cursor of each, without gap or overlap', () => {
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = pageOf(three, { ...ALL, size: 1, after }, 0);
      seen.push(...names(page.shown));
      expect(page.remaining).toBe(3 - seen.length);
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual(['c', 'a', 'b']);
  });

  it('skips an offset and says how many remain', () => {
    expect(pageOf(three, { ...ALL, size: 1, offset: 1 }, 0)).toMatchObject({ total: 3, remaining: 1 });
    expect(pageOf(three, { ...ALL, size: 5, offset: 3 }, 0)).toMatchObject({ shown: [], remaining: 0 });
  });

  it('starts at a sort value', () => {
    expect(names(pageOf(three, { ...ALL, fromSortValue: '2' }, 0).shown)).toEqual(['a', 'b']);
    expect(names(pageOf(three, { ...ALL, sort: 'name', fromSortValue: 'b' }, 0).shown)).toEqual(['b', 'c']);
    expect(() => pageOf(three, { ...ALL, fromSortValue: 'x' }, 0)).toThrow('a number is expected');
  });

  it('counts how long a running one has been running as its duration', () => {
    const views = [view('done'), view('running', { endMillis: 0, state: 'IN_PROGRESS' })];
    const byDuration: PageRequest = { ...ALL, sort: 'duration', order: 'desc' };
    expect(names(pageOf(views, byDuration, 1_000).shown)).toEqual(['running', 'done']);
  });

  it('filters by policy and by state', () => {
    const views = [
      view('daily', { metadata: '{"policy":"daily-backups"}' }),
      view('weekly', { metadata: '{"policy":"weekly-backups"}' }),
      view('manual', { state: 'PARTIAL' }),
    ];
    const by = (slmPolicyFilter: string[]): string[] => names(pageOf(views, { ...ALL, slmPolicyFilter }, 0).shown);
    expect(by(['daily*'])).toEqual(['daily']);
    expect(by(['_none'])).toEqual(['manual']);
    expect(by(['*', '-weekly*'])).toEqual(['daily']);
    expect(names(pageOf(views, { ...ALL, states: ['PARTIAL'] }, 0).shown)).toEqual(['manual']);
  });

  it('refuses a cursor it did not give', () => {
    expect(() => pageOf(three, { ...ALL, after: 'nonsense' }, 0)).toThrow('invalid after parameter');
  });
});
