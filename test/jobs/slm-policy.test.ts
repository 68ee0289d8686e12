import { parseSlmPolicy, type PutSlmPolicy } from '../../src/jobs/policies/slm-policy';

const NOW = Date.parse('2026-01-01T00:00:00.500Z');
const MINIMUM = 900_000;

const PUT: PutSlmPolicy = {
  id: 'daily',
  name: '<production-snap-{now/d}>',
  schedule: '0 1 2 3 4 ?',
  repository: 'repo',
  request: { ignoreUnavailable: false, includeGlobalState: true, partial: false, metadata: '{"by": 1.0}' },
};

const parse = (more: Partial<PutSlmPolicy>) => parseSlmPolicy({ ...PUT, ...more }, MINIMUM, NOW);

describe('a snapshot lifecycle policy', () => {
  it('names itself in the metadata, which stays byte for byte as it came', () => {
    expect(parse({}).request.metadata).toBe('{"by": 1.0,"policy":"daily"}');
    expect(parse({ request: { ...PUT.request, metadata: undefined } }).request.metadata).toBe('{"policy":"daily"}');
    expect(parse({ request: { ...PUT.request, metadata: ' { } ' } }).request.metadata).toBe('{"policy":"daily"}');
  });

  it.each(['0 * * * * ?', '0 0/14 * * * ?', '14m', '1s'])(
    'is refused with the schedule [%s]: too often',
    (schedule) => {
      const message = `invalid schedule [${schedule}]: schedule would be too frequent, executing more than every [15m]`;
      expect(() => parse({ schedule })).toThrow(message);
    },
  );

  it.each(['0 0/15 * * * ?', '15m', '0 0 0 1 1 ? 2030', '30d'])('takes the schedule [%s]', (schedule) => {
    expect(parse({ schedule }).takes).toBeDefined();
  });

  it('counts an interval from when it was put, in whole seconds', () => {
    expect(parse({ schedule: '1h' }).takes).toEqual({ everyMs: 3_600_000, from: NOW - 500 });
    expect(() => parse({ schedule: '3600500ms' })).toThrow('a number of seconds');
  });

  it('tells everything that is wrong with it at once', () => {
    expect(() => parse({ id: '_a b', name: 'Up', schedule: 'never', repository: ' ' })).toThrow(
      /^Validation Failed: 1: invalid policy id \[_a b\].*2: invalid snapshot name \[Up\].*3: invalid schedule \[never\].*4: invalid repository name/,
    );
  });

  it('shows what was put, without what was not', () => {
    const retention = { expireAfter: '30d', maxCount: 50 };
    const { shown } = parse({ config: '{"indices": ["*"]}', retention });
    expect(shown).toBe(
      '{"name":"<production-snap-{now/d}>","schedule":"0 1 2 3 4 ?","repository":"repo","config":{"indices": ["*"]},"retention":{"expire_after":"30d","max_count":50}}',
    );
  });
});
