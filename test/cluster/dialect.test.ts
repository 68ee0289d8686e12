import { type ClusterKind, dialectOf } from '../../src/cluster/dialect/dialect';

function kind(product: string, version: string, pit: ClusterKind['pit'] = 'none'): ClusterKind {
  return { product, version, pit };
}

describe('dialectOf', () => {
  it.each([
    ['elasticsearch', '6.8.23', {}, true, false, 0],
    ['elasticsearch', '7.10.2', { ignore_throttled: false }, true, false, 0],
    ['elasticsearch', '8.19.0', {}, true, false, 0],
    ['elasticsearch', '9.1.4', {}, true, false, 0],
    ['elasticsearch', '9.2.0', {}, { exclude_vectors: false }, false, 0],
    ['elasticsearch', '9.10.0', {}, { exclude_vectors: false }, true, 0],
    ['elasticsearch', '10.0.0-SNAPSHOT', {}, { exclude_vectors: false }, true, 0],
    ['opensearch', '1.3.20', {}, true, false, 1],
    ['opensearch', '7.10.2', {}, true, false, 1],
    ['opensearch', '3.8.0', {}, true, false, 1],
    ['', '0.0.0', {}, true, false, 0],
  ])('knows how %s %s differs', (product, version, searchParameters, wholeSource, disablesSeqNosByDefault, harmful) => {
    const dialect = dialectOf(kind(product, version));

    expect(dialect).toMatchObject({ searchParameters, wholeSource, disablesSeqNosByDefault, pointInTime: undefined });
    expect(dialect.harmfulSettings).toHaveLength(harmful);
  });

  it('takes the interface for points in time from the probe, whatever the product', () => {
    const { pointInTime } = dialectOf(kind('elasticsearch', '7.10.2', 'opensearch'));

    expect(pointInTime?.open('logs')).toEqual({
      path: '/logs/_search/point_in_time',
      query: { allow_partial_pit_creation: false },
    });
    expect(pointInTime?.close('abc')).toEqual({ path: '/_search/point_in_time', body: { pit_id: ['abc'] } });
  });
});
